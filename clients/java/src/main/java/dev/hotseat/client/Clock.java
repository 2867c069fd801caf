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
    private final long base = offset();
    private long suspended;

    /** Nanoseconds since some moment. */
    synchronized long now() {
        suspended = Math.max(suspended, offset() - base);
        return monotonic() + suspended;
    }

    long monotonic() {
        return System.nanoTime();
    }

    /** Since the machine started; never more than it is. */
    long sinceBoot() throws IOException {
        if (uptime == null) {
            return monotonic();
        }
        // Not by a channel, which an interrupted thread would close.
        byte[] text = new byte[64];
        uptime.seek(0);
        int length = Math.max(uptime.read(text), 0);
        String first = new String(text, 0, length, StandardCharsets.US_ASCII).split(" ", 2)[0];
        return Long.parseLong(first.replace(".", "")) * NANOS_PER_HUNDREDTH;
    }

    private long offset() {
        try {
            return sinceBoot() - monotonic();
        } catch (IOException | NumberFormatException e) {
            return base; // what is known stays known
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
