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
    /** After so long without an event the watch is given up. */
    private static final long SILENCE = TimeUnit.SECONDS.toNanos(10);
    /** After so long without a watch it is begun anew. */
    static final long REST = TimeUnit.SECONDS.toNanos(2);
    /** The most bytes of an answer, or of a line of the watch. */
    private static final int LONGEST = 64 << 10;
    private static final Pattern URL = Pattern.compile("http://([\\w.~%-]+|\\[[\\w.:%]+\\])(:([0-9]{1,5}))?/?");
    private static final Pattern ANSWER = Pattern.compile("HTTP/1\\.. ([0-9]{3}).*?\r\n\r\n(.*)", Pattern.DOTALL);

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
            socket.setSoTimeout(millis(deadline));
            return bytes.read();
        }
    }

    private interface Reading<T> {
        T from(Stream stream, long deadline) throws IOException;
    }

    /** One request, which is a method and a path, and the body of an answer that says yes, within so many nanoseconds. */
    String ask(long within, String request, String body) throws SidecarException {
        String what = request.replaceFirst(" ", " http://" + name + ":" + port);
        try {
            Matcher answer = ANSWER.matcher(exchange(within, request, body, (all, deadline) -> all.until(-1, deadline)));
            int status = answer.matches() ? Integer.parseInt(answer.group(1)) : 0;
            if (status == 200) {
                return answer.group(2);
            }
            String why = status == 0 ? "no HTTP answer" : "%d: %.500s".formatted(status, answer.group(2).strip());
            throw new SidecarException(what + ": " + why, status, null);
        } catch (SidecarException e) {
            throw e;
        } catch (IOException e) {
            throw new SidecarException(what + ": " + e, 0, e);
        }
    }

    /**
     * What {@code /v1/leader} says.
     *
     * @throws IllegalArgumentException if it is no answer of a sidecar
     */
    Belief.Answer leader(long within) throws SidecarException {
        return answerIn(ask(within, "GET /v1/leader", ""));
    }

    /** Nothing may be believed of a document in which anything has the wrong type. */
    static Belief.Answer answerIn(String document) {
        Map<String, String> members = Json.members(document);
        String leads = members.getOrDefault("self", "");
        Json.require(leads.equals("true") || leads.equals("false"));
        long token = leads.equals("true") ? whole(members, "token") : 0;
        Json.require(token <= Belief.LARGEST_TOKEN && (token > 0 || leads.equals("false")));
        String name = Json.text(members.getOrDefault("name", ""));
        long remaining = Math.min(whole(members, "remaining_ms"), TimeUnit.DAYS.toMillis(1));
        return new Belief.Answer(token, name, TimeUnit.MILLISECONDS.toNanos(remaining));
    }

    private static long whole(Map<String, String> members, String name) {
        String number = members.getOrDefault(name, "");
        Json.require(number.matches("[0-9]{1,18}"));
        return Long.parseLong(number);
    }

    /** Says when it hears an event, until that says no. */
    void watch(BooleanSupplier heard) throws IOException {
        exchange(SILENCE, "GET /v1/watch", "", (stream, deadline) -> {
            String line;
            do {
                line = stream.until('\n', System.nanoTime() + SILENCE);
            } while (!line.startsWith("data:") || heard.getAsBoolean());
            return line;
        });
    }

    /** Sends a request, and has what comes back read within that time. */
    private <T> T exchange(long within, String request, String body, Reading<T> reading) throws IOException {
        long deadline = System.nanoTime() + within;
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(name, port), millis(deadline));
            byte[] content = body.getBytes(StandardCharsets.UTF_8);
            String head = "%s HTTP/1.0\r\nHost: %s:%d\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                    .formatted(request, name, port, content.length);
            socket.getOutputStream().write((head + body).getBytes(StandardCharsets.UTF_8));
            return reading.from(new Stream(socket, new BufferedInputStream(socket.getInputStream())), deadline);
        }
    }

    /** What is left until then; at least one, since the system takes none for no limit. */
    private static int millis(long deadline) throws SocketTimeoutException {
        long nanos = deadline - System.nanoTime();
        if (nanos <= 0) {
            throw new SocketTimeoutException("timed out");
        }
        return (int) Math.max(1, nanos / 1_000_000);
    }
}
