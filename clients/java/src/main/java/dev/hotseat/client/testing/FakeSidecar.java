package dev.hotseat.client.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;

/** Says what a test wants it to say, on a port of the system's choosing on loopback, until it is closed. */
public final class FakeSidecar implements AutoCloseable {
    private static final String SIGNALS = "/v1/signals/";

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool(run -> {
        Thread thread = new Thread(run, "fake sidecar");
        thread.setDaemon(true);
        return thread;
    });
    private final Map<String, String> signals = new ConcurrentHashMap<>();
    private final List<Long> released = new ArrayList<>();
    private String ready = "";
    private String answer = "";
    private long token;
    private long changes;
    private boolean stopped;

    /**
     * Starts one that says that nobody leads.
     *
     * @throws IOException if the system gives no port
     */
    public FakeSidecar() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::serve);
        server.setExecutor(threads);
        standBy("");
        server.start();
    }

    /**
     * Where it answers.
     *
     * @return the URL
     */
    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /**
     * The application's pod leads from now on, in a new term.
     *
     * @return its token
     */
    public synchronized long lead() {
        token++;
        answer("{\"self\":true,\"name\":\"me\",\"token\":" + token + ",\"remaining_ms\":60000}");
        return token;
    }

    /**
     * Another pod leads from now on, or nobody.
     *
     * @param leader its name; empty for nobody
     */
    public void standBy(String leader) {
        int remaining = leader.isEmpty() ? 0 : 60_000;
        answer("{\"self\":false,\"name\":\"" + leader + "\",\"token\":null,\"remaining_ms\":" + remaining + "}");
    }

    /**
     * Sets the document of {@code /v1/leader}.
     *
     * @param document the text
     */
    public synchronized void answer(String document) {
        answer = document;
        changed();
    }

    /**
     * What the application said of its readiness.
     *
     * @return {@code true}, {@code false}, or nothing
     */
    public synchronized String ready() {
        return ready;
    }

    /**
     * What the application has set.
     *
     * @return values as JSON, by key
     */
    public Map<String, String> signals() {
        return signals;
    }

    /**
     * The terms that the application has let go of.
     *
     * @return their tokens
     */
    public synchronized List<Long> released() {
        return List.copyOf(released);
    }

    /**
     * Waits until something holds, which is looked at with each change.
     *
     * @param within how long
     * @param condition what is looked at
     * @return whether it came to hold
     * @throws InterruptedException if the thread is interrupted
     */
    public synchronized boolean await(Duration within, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + within.toNanos();
        while (!condition.getAsBoolean()) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }

    /** Answers no more: connections are refused from now on. */
    @Override
    public void close() {
        synchronized (this) {
            stopped = true;
            changed();
        }
        server.stop(0);
        threads.shutdown();
    }

    private synchronized void changed() {
        changes++;
        notifyAll();
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            if (path.equals("/v1/watch")) {
                watch(exchange);
            } else if (path.equals("/v1/leader")) {
                String document;
                synchronized (this) {
                    document = answer;
                }
                say(exchange, 200, document);
            } else if (take(exchange, path, body)) {
                say(exchange, 200, "ok\n");
            } else {
                say(exchange, 404, "no such page\n");
            }
        }
    }

    private synchronized boolean take(HttpExchange exchange, String path, String body) {
        String query = String.valueOf(exchange.getRequestURI().getQuery());
        boolean taken = true;
        if (path.startsWith(SIGNALS) && exchange.getRequestMethod().equals("DELETE")) {
            taken = signals.remove(path.substring(SIGNALS.length())) != null;
        } else if (path.startsWith(SIGNALS)) {
            signals.put(path.substring(SIGNALS.length()), body);
        } else if (path.equals("/v1/ready")) {
            ready = body;
        } else if (path.equals("/v1/released") && query.startsWith("token=")) {
            released.add(Long.valueOf(query.substring("token=".length())));
        } else {
            taken = false;
        }
        changed();
        return taken;
    }

    private static void say(HttpExchange exchange, int status, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private void watch(HttpExchange exchange) throws IOException {
        exchange.getResponseHeaders().add("Content-Type", "text/event-stream");
        exchange.sendResponseHeaders(200, 0);
        OutputStream stream = exchange.getResponseBody();
        for (;;) {
            String document;
            long sent;
            synchronized (this) {
                if (stopped) {
                    return;
                }
                document = answer;
                sent = changes;
            }
            stream.write(("event: leader\ndata: " + document + "\n\n").getBytes(StandardCharsets.UTF_8));
            stream.flush();
            try {
                await(Duration.ofSeconds(1), () -> changes != sent);
            } catch (InterruptedException e) {
                return;
            }
        }
    }
}
