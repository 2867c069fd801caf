package dev.hotseat.client;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** As much of JSON as the sidecar's documents take: the members of one object. */
final class Json {
    /** A text with its quotation marks, a sign, or a word. It takes all it can at once, and so needs no stack. */
    private static final Pattern TOKEN =
            Pattern.compile("\\G\\s*+(\"(?:[^\"\\\\]|\\\\.)*+\"|[{}\\[\\]:,]|[a-zA-Z0-9+.-]++)", Pattern.DOTALL);
    private static final Pattern ESCAPED = Pattern.compile("\\\\(u([0-9a-fA-F]{4})|.)", Pattern.DOTALL);

    private Json() { }

    /**
     * The members of the object that the text is, each value as it stands there, and of a list or an object only
     * how it begins.
     *
     * @throws IllegalArgumentException if it is not an object
     */
    static Map<String, String> members(String text) {
        Matcher tokens = TOKEN.matcher(text.strip());
        Map<String, String> members = new HashMap<>();
        require(next(tokens).equals("{"));
        String sign;
        do {
            String name = text(next(tokens));
            require(next(tokens).equals(":"));
            members.put(name, value(tokens));
            sign = next(tokens);
        } while (sign.equals(","));
        require(sign.equals("}") && tokens.end() == text.strip().length());
        return members;
    }

    /** What a value says that is a text. */
    static String text(String value) {
        require(value.startsWith("\""));
        return ESCAPED.matcher(value.substring(1, value.length() - 1)).replaceAll(Json::meant);
    }

    static void require(boolean right) {
        if (!right) {
            throw new IllegalArgumentException("no answer of a sidecar");
        }
    }

    private static String meant(MatchResult escaped) {
        String code = escaped.group(2);
        int known = "bfnrt\"\\/".indexOf(escaped.group(1));
        require(code != null || known >= 0);
        char meant = code == null ? "\b\f\n\r\t\"\\/".charAt(known) : (char) Integer.parseInt(code, 16);
        return Matcher.quoteReplacement(String.valueOf(meant));
    }

    private static String next(Matcher tokens) {
        require(tokens.find());
        return tokens.group(1);
    }

    /** The next value. What a list or an object has in it is passed over, however deep it lies. */
    private static String value(Matcher tokens) {
        String value = next(tokens);
        require(!",:".contains(value));
        int depth = nests(value);
        while (depth > 0) {
            depth += nests(next(tokens));
        }
        require(depth == 0);
        return value;
    }

    private static int nests(String token) {
        return "{[".contains(token) ? 1 : "}]".contains(token) ? -1 : 0;
    }
}
