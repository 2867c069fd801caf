package dev.hotseat.client;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * HTTP to the sidecar over plain sockets: bounded in bytes, and in time as a whole.
 *
 * <p>It speaks HTTP/1.0, so that an answer ends with its connection and is not cut into chunks.
 */
final class Sidecar {
    private static final int LONGEST_ANSWER = 64 << 10;
    private static final int LONGEST_LINE = 64 << 10;
    private static final BigDecimal LARGEST_TOKEN = BigDecimal.valueOf((1L << 53) - 1);

    private final String host;
    private final String name;
    private final int port;

    Sidecar(String url) {
        URI uri = parsed(url);
        boolean plain = uri != null && "http".equals(uri.getScheme()) && uri.getHost() != null
                && uri.getPath().replace("/", "").isEmpty() && uri.getPort() <= 65_535;
        if (!plain) {
            String remedy = " is not an address of a sidecar: give " + Client.DEFAULT_URL;
            throw new IllegalArgumentException('"' + url + '"' + remedy);
        }
        name = uri.getHost();
        port = uri.getPort() < 0 ? 80 : uri.getPort();
        host = name + ":" + port;
    }

    /** One request and its body, within so many nanoseconds. */
    String ask(long within, String method, String path, String body, String type) throws SidecarException {
        String what = method + " http://" + host + path;
        long deadline = System.nanoTime() + within;
        byte[] answer;
        try (Socket socket = open(deadline, method, path, body, type)) {
            answer = readAll(socket, deadline);
        } catch (IOException e) {
            throw new SidecarException(what + ": " + e, 0, e);
        }
        if (answer.length > LONGEST_ANSWER) {
            throw new SidecarException(what + ": longer than " + LONGEST_ANSWER + " bytes", 0, null);
        }
        String[] parts = new String(answer, StandardCharsets.UTF_8).split("\r\n\r\n", 2);
        int status = statusIn(parts[0]);
        String rest = parts.length < 2 ? "" : parts[1];
        if (status != 200) {
            String said = status == 0 ? "no HTTP answer" : rest.strip();
            said = said.substring(0, Math.min(said.length(), 500));
            throw new SidecarException(what + ": " + status + ": " + said, status, null);
        }
        return rest;
    }

    /** What {@code /v1/leader} says. */
    Belief.Answer leader(long within) throws SidecarException {
        try {
            return answerIn(Json.members(ask(within, "GET", "/v1/leader", "", "")));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new SidecarException("GET /v1/leader: no answer of a sidecar", 0, e);
        }
    }

    /** Nothing may be believed of a document in which anything has the wrong type. */
    static Belief.Answer answerIn(Map<String, Object> document) {
        if (document.get("self") instanceof Boolean leads && document.get("name") instanceof String leader
                && document.get("remaining_ms") instanceof BigDecimal remaining && remaining.signum() >= 0) {
            long millis = remaining.min(LARGEST_TOKEN.movePointLeft(6)).longValueExact();
            if (!leads) {
                return new Belief.Answer(false, 0, leader, millis * 1_000_000);
            }
            if (document.get("token") instanceof BigDecimal token && token.signum() > 0
                    && token.compareTo(LARGEST_TOKEN) <= 0) {
                return new Belief.Answer(true, token.longValueExact(), leader, millis * 1_000_000);
            }
        }
        throw new IllegalArgumentException("no answer of a sidecar");
    }

    /** Rings with each event, until that says no, the stream ends, or says nothing for so long. */
    void watch(long silence, Runnable opened, BooleanSupplier ring) throws SidecarException {
        long deadline = System.nanoTime() + silence;
        try (Socket socket = open(deadline, "GET", "/v1/watch", "", "")) {
            socket.setSoTimeout(millis(silence));
            InputStream stream = new BufferedInputStream(socket.getInputStream());
            String first = line(stream);
            int status = first == null ? 0 : statusIn(first);
            if (status != 200) {
                throw new SidecarException("GET /v1/watch: " + status, status, null);
            }
            opened.run();
            for (String line = line(stream); line != null; line = line(stream)) {
                if (line.startsWith("data:") && !ring.getAsBoolean()) {
                    return;
                }
            }
        } catch (SidecarException e) {
            throw e;
        } catch (IOException e) {
            throw new SidecarException("GET /v1/watch: " + e, 0, e);
        }
    }

    /** A line without its end; null at the end of the stream. */
    private static String line(InputStream stream) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = stream.read(); next != '\n'; next = stream.read()) {
            if (next < 0) {
                return null;
            }
            line.write(next);
            if (line.size() > LONGEST_LINE) {
                throw new IOException("a line longer than " + LONGEST_LINE + " bytes");
            }
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    private Socket open(long deadline, String method, String path, String body, String type)
            throws IOException {
        Socket socket = new Socket();
        try {
            socket.connect(new InetSocketAddress(name, port), millis(deadline - System.nanoTime()));
            byte[] content = body.getBytes(StandardCharsets.UTF_8);
            String kind = type.isEmpty() ? "" : "Content-Type: " + type + "\r\n";
            String head = method + " " + path + " HTTP/1.0\r\nHost: " + host + "\r\n" + kind
                    + "Content-Length: " + content.length + "\r\n\r\n";
            socket.getOutputStream().write((head + body).getBytes(StandardCharsets.UTF_8));
            return socket;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private static byte[] readAll(Socket socket, long deadline) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] piece = new byte[8 << 10];
        while (all.size() <= LONGEST_ANSWER) {
            socket.setSoTimeout(millis(deadline - System.nanoTime()));
            int length = socket.getInputStream().read(piece);
            if (length < 0) {
                break;
            }
            all.write(piece, 0, length);
        }
        return all.toByteArray();
    }

    /** At least one, since the system takes none for no limit. */
    private static int millis(long nanos) throws SocketTimeoutException {
        if (nanos <= 0) {
            throw new SocketTimeoutException("timed out");
        }
        return (int) Math.max(1, nanos / 1_000_000);
    }

    /** The status in the first line of an answer; 0 if it is none. */
    private static int statusIn(String head) {
        String[] words = head.split("\r\n", 2)[0].strip().split(" ", 3);
        boolean is = words.length >= 2 && words[0].startsWith("HTTP/1.") && words[1].matches("[0-9]{3}");
        return is ? Integer.parseInt(words[1]) : 0;
    }

    private static URI parsed(String url) {
        try {
            return new URI(url);
        } catch (URISyntaxException e) {
            return null;
        }
    }
}
