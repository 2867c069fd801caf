package dev.hotseat.client;

import java.time.Duration;
import java.util.function.LongConsumer;
import java.util.function.ObjLongConsumer;

/**
 * What a client is started with.
 *
 * <p>The functions are called one after the other on a thread of the client and should return soon, but
 * for that of {@link #onDraining}, which may take the time that it is given. A client with {@link
 * #onLost} lets go of a term when that has returned, so that the sidecar passes the seat on at once; one
 * without has to call {@link Client#letGo} itself.
 */
public final class Builder {
    String url = Client.DEFAULT_URL;
    Duration hold = Duration.ofSeconds(2);
    LongConsumer onElected = token -> { };
    ObjLongConsumer<Duration> onDraining = (left, token) -> { };
    LongConsumer onLost;

    /** A client of {@link Client#DEFAULT_URL} that holds an answer for 2 s. */
    public Builder() { }

    /**
     * Where the sidecar answers.
     *
     * @param url such as {@code http://127.0.0.1:4040}
     * @return this
     */
    public Builder url(String url) {
        this.url = url;
        return this;
    }

    /**
     * How long an answer is believed at most: the client's share of the reaction time S, which the
     * sidecar needs as {@code --reaction-time}.
     *
     * @param hold from 100 ms to a minute
     * @return this
     */
    public Builder hold(Duration hold) {
        this.hold = hold;
        return this;
    }

    /**
     * Called when a term has begun.
     *
     * @param call gets the fencing token
     * @return this
     */
    public Builder onElected(LongConsumer call) {
        onElected = call;
        return this;
    }

    /**
     * Called when a term is over, and what is under way may still be finished.
     *
     * @param call gets the time for that, and the fencing token
     * @return this
     */
    public Builder onDraining(ObjLongConsumer<Duration> call) {
        onDraining = call;
        return this;
    }

    /**
     * Called when a term is over, and nothing may act for it any more.
     *
     * @param call gets the fencing token
     * @return this
     */
    public Builder onLost(LongConsumer call) {
        onLost = call;
        return this;
    }

    /**
     * Begins to ask.
     *
     * @return a client, to be closed
     * @throws IllegalArgumentException if the URL or the time is unusable
     */
    public Client start() {
        if (hold.compareTo(Duration.ofMillis(100)) < 0 || hold.compareTo(Duration.ofMinutes(1)) > 0) {
            throw new IllegalArgumentException("hold: " + hold + ": give 100 ms to a minute");
        }
        return new Client(this).begin();
    }
}
