package dev.hotseat.client;

import dev.hotseat.client.testing.FakeSidecar;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * What is Java's own about the client; {@code clients/cases.json} has what all clients have to do. A program
 * of its own, since Java has no runner of tests: it says which passed, and fails with the first that does not.
 */
final class ClientTest {
    private static final Duration SOON = Duration.ofSeconds(30);

    private ClientTest() { }

    private interface Test {
        void run() throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, Test> tests = Map.of(
                "a term from its beginning to its end", ClientTest::term,
                "closing lets go of the term", ClientTest::closing,
                "futures are completed", ClientTest::futures,
                "what the application says reaches the sidecar", ClientTest::said,
                "what cannot be used is named", ClientTest::named,
                "JSON is read, and nothing else", ClientTest::json,
                "time in suspend counts", ClientTest::suspend);
        for (var test : tests.entrySet()) {
            try {
                test.getValue().run();
            } catch (Throwable e) {
                throw new AssertionError(test.getKey(), e);
            }
            System.out.println("ok: " + test.getKey());
        }
        System.out.println(tests.size() + " passed, 0 failed");
    }

    private static void same(Object expected, Object found) {
        if (!expected.equals(found)) {
            throw new AssertionError("expected " + expected + ", found " + found);
        }
    }

    private static void refused(String part, Test test) throws Exception {
        try {
            test.run();
        } catch (IllegalArgumentException | SidecarException e) {
            same(true, e.getMessage().contains(part));
            return;
        }
        throw new AssertionError("it was taken, and not refused with " + part);
    }

    private static void term() throws Exception {
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        Builder builder = new Builder()
                .onElected(token -> seen.add("elected " + token))
                .onDraining((left, token) -> seen.add("draining " + token + " " + (left.toMillis() <= 2000)))
                .onLost(token -> seen.add("lost " + token));
        try (FakeSidecar sidecar = new FakeSidecar(); Client client = builder.url(sidecar.url()).start()) {
            same(false, client.isLeader());
            long token = sidecar.lead();
            same(OptionalLong.of(token), client.awaitLeader(SOON));
            same("me", client.leader());
            sidecar.standBy("other");
            same(true, sidecar.await(SOON, () -> sidecar.released().contains(token)));
            same(OptionalLong.empty(), client.token());
            same("other", client.leader());
        }
        same(List.of("elected 1", "draining 1 true", "lost 1"), seen);
    }

    private static void closing() throws Exception {
        try (FakeSidecar sidecar = new FakeSidecar()) {
            Client client = new Builder().url(sidecar.url()).onLost(token -> {
                throw new IllegalStateException("on purpose");
            }).start();
            long token = sidecar.lead();
            client.awaitLeader(SOON);
            client.close();
            same(List.of(token), sidecar.released());
            same(OptionalLong.empty(), client.awaitLeader(SOON));
            same(true, client.elected().handle((led, error) -> error != null).get(30, TimeUnit.SECONDS));
        }
    }

    private static void futures() throws Exception {
        try (FakeSidecar sidecar = new FakeSidecar(); Client client = new Builder().url(sidecar.url()).start()) {
            var elected = client.elected();
            long token = sidecar.lead();
            same(token, elected.get(30, TimeUnit.SECONDS));
            var ended = client.ended(token);
            same(false, ended.isDone());
            sidecar.standBy("");
            ended.get(30, TimeUnit.SECONDS);
            same(false, client.isLeader());
        }
    }

    private static void said() throws Exception {
        try (FakeSidecar sidecar = new FakeSidecar(); Client client = new Builder().url(sidecar.url()).start()) {
            client.ready(true, SOON);
            client.signal("app/heart beat", "true", SOON);
            client.signal("app.lag", "0.25", null);
            client.unsetSignal("app.lag");
            same("true", sidecar.ready());
            same(Map.of("app/heart beat", "true"), sidecar.signals());
            refused(": 404: no such page", () -> client.unsetSignal("app.lag"));
        }
    }

    private static void named() throws Exception {
        for (String url : List.of("localhost:4040", "https://localhost", "http://localhost:x", "http://h/path")) {
            refused("not an address of a sidecar: give", () -> new Builder().url(url).start());
        }
        refused("hold: PT0S: give 100 ms", () -> new Builder().hold(Duration.ZERO).start());
    }

    private static void json() throws Exception {
        String text = " {\"a\":true,\"b\":12, \"c\" : \"x\\\"\\u00e9\\n\",\"d\":null,\"e\":[1,{\"f\":[\"]\"]}],\"g\":-1.5e3} ";
        Map<String, String> members = Json.members(text);
        same(6, members.size());
        same(List.of("true", "12", "x\"é\n", "["),
                List.of(members.get("a"), members.get("b"), Json.text(members.get("c")), members.get("e")));
        String deep = "[".repeat(60_000);
        same("1", Json.members("{\"a\":" + deep + "]".repeat(60_000) + ",\"b\":1}").get("b"));
        same("\n".repeat(30_000), Json.text(Json.members("{\"a\":\"" + "\\n".repeat(30_000) + "\"}").get("a")));
        List<String> wrong = List.of("", "{", "{}", "[]", "7", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
                "{\"a\":\"", "{\"a\":,}", "{\"a\":]}", "{\"a\":1", "{\"a\":1]", "{\"a\":1}}", "{\"a\":" + deep);
        for (String document : wrong) {
            refused("", () -> Json.members(document));
        }
        for (String value : List.of("1", "\"\\x\"", "\"\\u00\"", "\"\\u00g0\"")) {
            refused("", () -> Json.text(value));
        }
        String good = "{\"self\":true,\"name\":\"me\",\"token\":1,\"remaining_ms\":5,\"x\":0}";
        same(new Belief.Answer(1, "me", 5_000_000), Sidecar.answerIn(good));
        for (String change : List.of("\"self\":1", "\"token\":true", "\"token\":9007199254740992", "\"token\":0",
                "\"token\":+5", "\"remaining_ms\":-1", "\"name\":null")) {
            refused("", () -> Sidecar.answerIn(good.replace("\"x\":0", change)));
        }
    }

    private static void suspend() {
        long[] clocks = {5000, 7000};
        Clock clock = new Clock() {
            @Override
            long monotonic() {
                return clocks[0];
            }

            @Override
            long sinceBoot() {
                return clocks[1];
            }
        };
        long before = clock.now();
        clocks[0] += 10;
        clocks[1] += 10;
        same(10L, clock.now() - before);
        clocks[1] += 60_000; // the machine was asleep
        same(60_010L, clock.now() - before);
        clocks[1] -= 5; // it is read in steps
        same(60_010L, clock.now() - before);
    }
}
