package dev.hotseat.client;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;

/**
 * A clock that goes on while the machine is suspended: {@link System#nanoTime}, which does not, and the
 * time in suspend as far as {@code /proc/uptime} shows it, in steps of 10 ms. Java has no
 * {@code CLOCK_BOOTTIME}.
 */
class Clock {
    private static final long NANOS_PER_HUNDREDTH = 10_000_000;

    /** Kept open, so that no lack of file descriptors can stop it; null where there is none. */
    private final RandomAccessFile uptime = open();
    /** By how much the machine's uptime was seen to be ahead of the other clock. */
    private long ahead = -monotonic();

    /** Nanoseconds since the machine started, or since this was made where that is not known. */
    synchronized long now() {
        ahead = Math.max(ahead, sinceBoot() - monotonic());
        return monotonic() + ahead;
    }

    long monotonic() {
        return System.nanoTime();
    }

    /** Since the machine started; never more than it is. What is known already where it cannot be read. */
    long sinceBoot() {
        try {
            // Not by a channel, which an interrupted thread would close.
            byte[] text = new byte[64];
            uptime.seek(0);
            String first = new String(text, 0, uptime.read(text), StandardCharsets.US_ASCII).split(" ", 2)[0];
            return Long.parseLong(first.replace(".", "")) * NANOS_PER_HUNDREDTH;
        } catch (IOException | RuntimeException e) {
            return monotonic() + ahead;
        }
    }

    private static RandomAccessFile open() {
        try {
            return new RandomAccessFile("/proc/uptime", "r");
        } catch (IOException e) {
            return null;
        }
    }
}
