import dev.hotseat.client.Builder;
import dev.hotseat.client.Client;
import dev.hotseat.client.testing.FakeSidecar;
import java.time.Duration;

/** Uses the jar as it is: a term from its beginning to its end, beside the sidecar for tests. */
final class Use {
    private Use() { }

    public static void main(String[] arguments) throws Exception {
        try (FakeSidecar sidecar = new FakeSidecar()) {
            Client client = new Builder().url(sidecar.url()).onLost(token -> { }).start();
            long token = sidecar.lead();
            check(client.awaitLeader(Duration.ofSeconds(30)).getAsLong() == token, "no term");
            check(client.isLeader(), "it does not lead");
            client.close();
            check(!client.isLeader(), "a closed client leads");
            check(sidecar.await(Duration.ofSeconds(30), () -> sidecar.released().contains(token)), "not let go of");
        }
        System.out.println("Java: used as it is packed");
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
