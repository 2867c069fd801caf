package dev.hotseat.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Does what the driver of all clients asks on standard input, and says in JSON lines what happens. */
final class Probe {
    private Probe() { }

    public static void main(String[] arguments) throws Exception {
        Duration hold = millis(arguments[1]);
        if (arguments[0].equals("belief")) {
            believe(hold, arguments[2].equals("final"));
        } else {
            serve(arguments[0], hold, arguments[2].equals("callbacks"));
        }
    }

    private static Duration millis(String text) {
        return Duration.ofMillis(Long.parseLong(text));
    }

    private static void say(String event, String more) {
        System.out.println("{\"event\":\"" + event + "\"" + more + "}");
    }

    private static BufferedReader input() {
        return new BufferedReader(new InputStreamReader(System.in));
    }

    private static void serve(String url, Duration hold, boolean callbacks) throws Exception {
        Builder builder = new Builder().url(url).hold(hold);
        if (callbacks) {
            builder.onElected(token -> say("elected", ",\"token\":" + token))
                    .onDraining((left, token) -> say("draining", ",\"token\":" + token))
                    .onLost(token -> say("lost", ",\"token\":" + token));
        }
        AtomicBoolean over = new AtomicBoolean();
        try (Client client = builder.start()) {
            Thread sampler = new Thread(() -> sample(client, over));
            sampler.start();
            say("started", "");
            BufferedReader lines = input();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                act(client, line.split(" "));
            }
            over.set(true);
            sampler.join();
        }
        say("closed", "");
    }

    private static long clock() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000 + now.getNano() / 1000;
    }

    /** Says from when to when the client was seen to lead, in microseconds of the wall clock. */
    private static void sample(Client client, AtomicBoolean over) {
        long first = 0;
        long last = 0;
        while (!over.get()) {
            long before = clock();
            if (client.isLeader()) {
                first = first == 0 ? clock() : first;
                last = before;
            } else if (first != 0) {
                say("led", ",\"from\":" + first + ",\"to\":" + last);
                first = 0;
            }
            try {
                Thread.sleep(2);
            } catch (InterruptedException e) {
                return;
            }
        }
        if (first != 0) {
            say("led", ",\"from\":" + first + ",\"to\":" + last);
        }
    }

    private static void act(Client client, String[] words) {
        try {
            switch (words[0]) {
                case "ask" -> {
                    boolean leads = client.isLeader();
                    say("asked", ",\"leads\":" + leads + ",\"token\":" + client.token().orElse(0)
                            + ",\"name\":\"" + client.leader() + "\"");
                    return;
                }
                case "ready" -> client.ready(words[1].equals("true"), millis(words[2]));
                case "signal" -> client.signal(words[1], words[2], millis(words[3]));
                case "unset" -> client.unsetSignal(words[1]);
                case "let-go" -> client.letGo(Long.parseLong(words[1]));
                default -> throw new IllegalArgumentException(words[0]);
            }
            say("done", "");
        } catch (SidecarException e) {
            say("refused", ",\"why\":\"" + e.getMessage().replace("\"", "'").replace("\n", " ") + "\"");
        }
    }

    /** Plays one belief in virtual time, in milliseconds. */
    private static void believe(Duration hold, boolean isFinal) throws IOException {
        Belief belief = new Belief(hold.toNanos(), isFinal);
        BufferedReader lines = input();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ", 2);
            long[] numbers = Stream.of(words[1].split(" ")).mapToLong(Long::parseLong).toArray();
            long now = numbers[numbers.length - 1] * 1_000_000;
            switch (words[0]) {
                case "answer" -> {
                    var answer = new Belief.Answer(numbers[0] * numbers[1], "", numbers[2] * 1_000_000);
                    belief.answered(numbers[3] * 1_000_000, now, answer);
                }
                case "let-go" -> belief.letGo(numbers[0], now);
                case "look" -> { }
                case "end" -> belief.end(now);
                default -> belief.expired(now);
            }
            String shown = belief.changes.stream().flatMap(Probe::shown)
                    .map(text -> '"' + text + '"').collect(Collectors.joining(","));
            belief.changes.clear();
            say("belief", ",\"changes\":[" + shown + "],\"leads\":" + (belief.leads(now) != 0));
        }
    }

    private static Stream<String> shown(Belief.Change change) {
        Stream<String> end = Stream.of((change.over() ? "lost " : "elected ") + change.token());
        return change.until() == null
                ? end
                : Stream.concat(Stream.of("draining " + change.token() + " until " + change.until() / 1_000_000), end);
    }
}
