package dev.hotseat.client;

import java.util.concurrent.locks.Condition;

/** What a client's threads wait for. Nobody else has them, so that nobody interrupts them. */
final class Threads {
    private Threads() { }

    /** Waits for so many nanoseconds, or to be signalled; what is left of them. */
    static long await(Condition condition, long nanos) {
        try {
            return condition.awaitNanos(nanos);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static Thread thread(Runnable run) {
        Thread thread = new Thread(run, "hotseat");
        thread.setDaemon(true);
        return thread;
    }
}
