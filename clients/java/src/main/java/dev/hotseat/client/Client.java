package dev.hotseat.client;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Knows whether this pod leads, for as long as the last answer of the sidecar holds. */
public final class Client implements AutoCloseable {
    /** Where a sidecar answers. */
    public static final String DEFAULT_URL = "http://127.0.0.1:4040";

    /** Between two questions, however many events there are; in milliseconds. */
    private static final long SHORTEST_PAUSE = 10;

    private final System.Logger log = System.getLogger("dev.hotseat.client");
    private final Builder options;
    private final Sidecar sidecar;
    private final Clock clock = new Clock();
    private final Belief belief;
    /** Each says whether its future is done with, and is asked with each change. */
    private final List<BooleanSupplier> waiting = new ArrayList<>();
    private final Thread asks = thread(this::askOn);
    private final Thread tells = thread(this::tellOn);
    private final Thread watches = thread(this::watchOn);
    /** Something says that it is time to ask. */
    private volatile boolean rung;
    private volatile boolean closing;
    /** The latest term that was let go of, and the latest of them that the sidecar has heard of. */
    private volatile long letGo;
    private volatile long released;

    Client(Builder options) {
        this.options = options;
        sidecar = new Sidecar(options.url);
        belief = new Belief(options.hold.toNanos(), options.onLost != null);
    }

    Client begin() {
        List.of(asks, tells, watches).forEach(Thread::start);
        return this;
    }

    /**
     * Whether this pod leads at this very moment.
     *
     * @return true until the last answer of the sidecar holds no longer
     */
    public boolean isLeader() {
        return token().isPresent();
    }

    /**
     * The fencing token of this pod's term, to be sent along with each write.
     *
     * @return empty if this pod does not lead
     */
    public synchronized OptionalLong token() {
        Long token = term();
        return token == null ? OptionalLong.empty() : OptionalLong.of(token);
    }

    /**
     * The name of the leader, whichever pod it is.
     *
     * @return empty if nobody is known to lead
     */
    public synchronized String leader() {
        return belief.leader(clock.now());
    }

    /**
     * Waits until this pod leads.
     *
     * @param timeout how long at most
     * @return the fencing token; empty if it took longer, or the client is closed
     * @throws InterruptedException if the thread is interrupted
     */
    public OptionalLong awaitLeader(Duration timeout) throws InterruptedException {
        Long token = await(timeout.toNanos(), this::term);
        return token == null ? OptionalLong.empty() : OptionalLong.of(token);
    }

    /**
     * As {@link #awaitLeader}, to be composed.
     *
     * @return done with the fencing token when this pod leads; cancelled when the client is closed
     */
    public CompletableFuture<Long> elected() {
        return future(this::term);
    }

    /**
     * Waits until a term is over.
     *
     * @param token of that term
     * @return done when this pod leads it no more
     */
    public CompletableFuture<Void> ended(long token) {
        return future(() -> belief.leads(clock.now()) == token ? null : token).thenAccept(over -> { });
    }

    /**
     * Says whether the application is ready to lead.
     *
     * @param ready whether it is
     * @param ttl after which nothing is said; null: never
     * @throws SidecarException if the sidecar cannot be reached or refuses
     */
    public void ready(boolean ready, Duration ttl) throws SidecarException {
        put("/v1/ready", String.valueOf(ready), ttl);
    }

    /**
     * Sets a signal for the policy; the heartbeat is one, {@code signal("app.heartbeat", "true", ttl)}.
     *
     * @param key its key
     * @param json its value, as JSON
     * @param ttl how long it holds; null: until it is unset
     * @throws SidecarException if the sidecar cannot be reached or refuses
     */
    public void signal(String key, String json, Duration ttl) throws SidecarException {
        put(signalPath(key), json, ttl);
    }

    /**
     * Takes a signal back.
     *
     * @param key its key
     * @throws SidecarException if it is not set, or the sidecar cannot be reached
     */
    public void unsetSignal(String key) throws SidecarException {
        sidecar.ask(belief.hold, "DELETE " + signalPath(key), "");
    }

    /**
     * Says that the application acts no more for a term, which ends if it is on. That is sent to the sidecar in the
     * background, again and again until it has heard it.
     *
     * @param token of that term
     */
    public synchronized void letGo(long token) {
        letGo = Math.max(letGo, token);
        belief.letGo(token, clock.now());
        ring();
    }

    /** Ends a term of this pod, as the application acts no more, and the threads. */
    @Override
    public void close() {
        synchronized (this) {
            belief.letGo(Belief.LARGEST_TOKEN, clock.now());
            closing = true;
            changed();
        }
        try {
            if (Thread.currentThread() != tells) {
                asks.join(); // the watch may be in the middle of a read
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void put(String path, String json, Duration ttl) throws SidecarException {
        String query = ttl == null ? "" : "?ttl=" + ttl.toMillis() + "ms";
        sidecar.ask(belief.hold, "PUT " + path + query, json);
    }

    private static String signalPath(String key) {
        return "/v1/signals/" + URLEncoder.encode(key, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private Long term() {
        long token = belief.leads(clock.now());
        return token == 0 ? null : token;
    }

    /** Done with what that gives once it gives something; cancelled when the client is closed before. */
    private synchronized <T> CompletableFuture<T> future(Supplier<T> give) {
        CompletableFuture<T> future = new CompletableFuture<>();
        waiting.add(() -> {
            T given = give.get();
            boolean over = given != null || closing;
            if (over) {
                // On a thread of the common pool, since what depends on it is not for the lock.
                ForkJoinPool.commonPool().submit(() -> given == null ? future.cancel(false) : future.complete(given));
            }
            return over || future.isDone();
        });
        changed();
        return future;
    }

    /** Wakes all who wait for a change. */
    private synchronized void changed() {
        waiting.removeIf(BooleanSupplier::getAsBoolean);
        notifyAll();
    }

    private synchronized boolean ring() {
        rung = true;
        changed();
        return !closing;
    }

    /**
     * Waits until that gives something, for so many nanoseconds at most, or until the client is closed; else null. It
     * is asked with each change, and when belief ends by itself.
     */
    private synchronized <T> T await(long within, Supplier<T> give) throws InterruptedException {
        long end = System.nanoTime() + within;
        for (;;) {
            long now = clock.now();
            belief.expired(now);
            T given = give.get();
            long left = Math.min(end - System.nanoTime(), belief.left(now));
            if (given != null || closing || left <= 0) {
                return given;
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }

    private interface Loop {
        void run() throws InterruptedException;
    }

    private static Thread thread(Loop loop) {
        Thread thread = new Thread(() -> {
            try {
                loop.run();
            } catch (InterruptedException e) {
                throw new IllegalStateException("nobody else has this thread", e);
            }
        }, "hotseat");
        thread.setDaemon(true);
        return thread;
    }

    /** Asks, and nothing else extends belief. */
    private void askOn() throws InterruptedException {
        while (!closing) {
            tellLetGo();
            long asked = clock.now(); // before the question: whatever it takes counts against the belief
            try {
                Belief.Answer answer = sidecar.leader(belief.hold / 2);
                synchronized (this) {
                    belief.answered(asked, clock.now(), answer);
                    changed();
                }
            } catch (SidecarException | IllegalArgumentException e) {
                log.log(Level.DEBUG, "no answer of the sidecar", e);
            }
            Thread.sleep(SHORTEST_PAUSE);
            await(belief.hold / 4, () -> rung ? true : null);
            rung = false;
        }
        tells.join(); // the last term's callbacks still run
        tellLetGo();
    }

    private void tellLetGo() {
        long token = letGo;
        if (token <= released) {
            return;
        }
        try {
            sidecar.ask(belief.hold / 2, "PUT /v1/released?token=" + token, "");
        } catch (SidecarException e) {
            if (e.status() / 100 != 4) {
                return; // it is sent once more
            }
        }
        released = token;
    }

    /**
     * Watches. An event says that it is time to ask, and nothing else: it may have waited in a buffer, and
     * does not say for how long.
     */
    private void watchOn() throws InterruptedException {
        while (!closing) {
            try {
                sidecar.watch(this::ring);
            } catch (IOException e) {
                log.log(Level.DEBUG, "the watch has ended", e);
            }
            await(Sidecar.REST, () -> null);
        }
    }

    /** Tells the application. */
    private void tellOn() throws InterruptedException {
        Belief.Change change;
        while ((change = await(Long.MAX_VALUE, belief.changes::poll)) != null) {
            changed(); // a term may have ended by itself
            long token = change.token();
            if (!change.over()) {
                call(() -> options.onElected.accept(token));
                continue;
            }
            if (change.until() != null) {
                Duration left = Duration.ofNanos(Math.max(change.until() - clock.now(), 0));
                call(() -> options.onDraining.accept(left, token));
            }
            if (options.onLost != null) {
                call(() -> options.onLost.accept(token));
                letGo(token);
            }
        }
    }

    private void call(Runnable function) {
        try {
            function.run();
        } catch (RuntimeException e) {
            log.log(Level.ERROR, "a function of the application has failed", e);
        }
    }
}
