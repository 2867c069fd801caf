package dev.hotseat.client;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * HTTP to the sidecar over plain sockets: bounded in bytes, and in time as a whole.
 *
 * <p>It speaks HTTP/1.0, so that an answer ends with its connection and is not cut into chunks.
 */
final class Sidecar {
    /** The most bytes of an answer, or of a line of one. */
    private static final int LONGEST = 64 << 10;
    /** After so long without an event the watch is begun anew. */
    private static final long SILENCE = TimeUnit.SECONDS.toNanos(10);
    private static final long LARGEST_TOKEN = (1L << 53) - 1;
    private static final Pattern URL = Pattern.compile("http://([\\w.~%-]+|\\[[\\w.:%]+\\])(:([0-9]{1,5}))?/?");
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.. ([0-9]{3})\\b.*");

    private final String name;
    private final int port;

    Sidecar(String url) {
        Matcher parts = URL.matcher(url);
        boolean usable = parts.matches();
        port = usable && parts.group(3) != null ? Integer.parseInt(parts.group(3)) : 80;
        if (!usable || port > 65_535) {
            String remedy = " is not an address of a sidecar: give " + Client.DEFAULT_URL;
            throw new IllegalArgumentException('"' + url + '"' + remedy);
        }
        name = parts.group(1);
    }

    /** What comes on a connection. */
    private record Stream(Socket socket, InputStream bytes) {
        /** What comes before that byte, which may be -1 for the end, until a deadline. */
        String until(int end, long deadline) throws IOException {
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            for (int next = next(deadline); next != end; next = next(deadline)) {
                if (next < 0) {
                    throw new EOFException("it broke off");
                }
                text.write(next);
                if (text.size() > LONGEST) {
                    throw new IOException("longer than " + LONGEST + " bytes");
                }
            }
            return text.toString(StandardCharsets.UTF_8);
        }

        private int next(long deadline) throws IOException {
            socket.setSoTimeout(millis(deadline - System.nanoTime()));
            return bytes.read();
        }
    }

    private interface Reading<T> {
        T from(Stream stream, long deadline) throws IOException;
    }

    /** One request, which is a method and a path, and the body of its answer, within so many nanoseconds. */
    String ask(long within, String request, String body) throws SidecarException {
        return exchange(within, request, body, (stream, deadline) -> stream.until(-1, deadline));
    }

    /** What {@code /v1/leader} says. */
    Belief.Answer leader(long within) throws SidecarException {
        try {
            return answerIn(Json.members(ask(within, "GET /v1/leader", "")));
        } catch (IllegalArgumentException e) {
            throw new SidecarException("GET /v1/leader: no answer of a sidecar", 0, e);
        }
    }

    /** Nothing may be believed of a document in which anything has the wrong type. */
    static Belief.Answer answerIn(Map<?, ?> document) {
        if (document.get("self") instanceof Boolean leads && document.get("name") instanceof String name
                && document.get("remaining_ms") instanceof Long millis) {
            long remaining = TimeUnit.MILLISECONDS.toNanos(Math.min(millis, TimeUnit.DAYS.toMillis(1)));
            if (!leads) {
                return new Belief.Answer(0, name, remaining);
            }
            if (document.get("token") instanceof Long token && token > 0 && token <= LARGEST_TOKEN) {
                return new Belief.Answer(token, name, remaining);
            }
        }
        throw new IllegalArgumentException("no answer of a sidecar");
    }

    /** Says when it hears something, the head of the stream or an event, until that says no. */
    void watch(BooleanSupplier heard) throws SidecarException {
        exchange(SILENCE, "GET /v1/watch", "", (stream, deadline) -> {
            boolean goesOn = heard.getAsBoolean();
            while (goesOn) {
                String line = stream.until('\n', System.nanoTime() + SILENCE);
                goesOn = !line.startsWith("data:") || heard.getAsBoolean();
            }
            return null;
        });
    }

    /** Sends a request, and has what is behind the head of the answer read if it says yes. */
    private <T> T exchange(long within, String request, String body, Reading<T> reading) throws SidecarException {
        String host = name + ":" + port;
        String what = request.replaceFirst(" ", " http://" + host);
        long deadline = System.nanoTime() + within;
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(name, port), millis(within));
            String head = request + " HTTP/1.0\r\nHost: " + host + "\r\nContent-Type: application/json\r\n"
                    + "Content-Length: " + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n";
            socket.getOutputStream().write((head + body).getBytes(StandardCharsets.UTF_8));
            Stream stream = new Stream(socket, new BufferedInputStream(socket.getInputStream()));
            Matcher first = STATUS.matcher(stream.until('\n', deadline).strip());
            int status = first.matches() ? Integer.parseInt(first.group(1)) : 0;
            if (status == 0) {
                throw new IOException("no HTTP answer");
            }
            while (!stream.until('\n', deadline).isBlank()) {
                continue; // the head says nothing that matters here
            }
            if (status == 200) {
                return reading.from(stream, deadline);
            }
            String said = stream.until(-1, deadline).strip();
            String why = what + ": " + status + ": " + said.substring(0, Math.min(said.length(), 500));
            throw new SidecarException(why, status, null);
        } catch (SidecarException e) {
            throw e;
        } catch (IOException e) {
            throw new SidecarException(what + ": " + e, 0, e);
        }
    }

    /** At least one, since the system takes none for no limit. */
    private static int millis(long nanos) throws SocketTimeoutException {
        if (nanos <= 0) {
            throw new SocketTimeoutException("timed out");
        }
        return (int) Math.max(1, nanos / 1_000_000);
    }
}
