package dev.hotseat.client;

import java.io.IOException;

/** The sidecar cannot be reached, or has refused the request; the message says why. */
public final class SidecarException extends IOException {
    private static final long serialVersionUID = 1;

    private final int status;

    SidecarException(String why, int status, Throwable cause) {
        super(why, cause);
        this.status = status;
    }

    /**
     * The status that the sidecar refused with.
     *
     * @return 0 where there was no answer
     */
    public int status() {
        return status;
    }
}
