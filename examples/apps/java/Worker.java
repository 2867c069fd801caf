import dev.hotseat.client.Builder;
import dev.hotseat.client.Client;
import dev.hotseat.client.SidecarException;
import java.time.Duration;

/** Works while its pod leads, and lets go of the seat when it leads no more: Worker [URL OF THE SIDECAR]. */
final class Worker {
    private Worker() { }

    public static void main(String[] arguments) throws Exception {
        Builder builder = new Builder()
                .url(arguments.length > 0 ? arguments[0] : Client.DEFAULT_URL)
                .onElected(token -> System.out.println("leads with the token " + token))
                .onDraining((left, token) -> System.out.println("finishes within " + left))
                .onLost(token -> System.out.println("has let go of " + token));
        try (Client client = builder.start()) {
            while (true) {
                client.token().ifPresent(Worker::work);
                heartbeat(client);
                Thread.sleep(500);
            }
        }
    }

    /** One piece of work, shorter than what the reaction time leaves, with the token in each write. */
    private static void work(long token) { }

    /** From the loop that works, so that it stops with it. */
    private static void heartbeat(Client client) {
        try {
            client.signal("app.heartbeat", "true", Duration.ofSeconds(3));
        } catch (SidecarException e) {
            System.err.println("no heartbeat: " + e.getMessage());
        }
    }
}
