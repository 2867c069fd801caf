/** Asks the Hotseat sidecar who leads. */
module dev.hotseat.client {
    requires jdk.httpserver;

    exports dev.hotseat.client;
    exports dev.hotseat.client.testing;
}
