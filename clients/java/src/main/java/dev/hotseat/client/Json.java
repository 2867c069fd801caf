package dev.hotseat.client;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** As much of JSON as the sidecar's documents take: the members of one object. Bounded in depth. */
final class Json {
    private static final int DEEPEST = 32;
    private static final Pattern NUMBER = Pattern.compile("-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
    private static final Object OTHER = new Object();

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /**
     * The members of the object that the text is: Boolean, BigDecimal, String, or something else.
     *
     * @throws IllegalArgumentException if it is not an object
     */
    static Map<String, Object> members(String text) {
        Json json = new Json(text);
        Map<String, Object> members = json.object(0);
        json.skipSpace();
        json.require(json.at == text.length());
        return members;
    }

    private void require(boolean right) {
        if (!right) {
            throw new IllegalArgumentException("no JSON object at character " + at);
        }
    }

    private void skipSpace() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char next() {
        require(at < text.length());
        return text.charAt(at++);
    }

    /** Whether these characters come next; they are taken then. */
    private boolean takes(String expected) {
        skipSpace();
        boolean there = text.startsWith(expected, at);
        at += there ? expected.length() : 0;
        return there;
    }

    private Map<String, Object> object(int depth) {
        Map<String, Object> members = new HashMap<>();
        list("{", "}", () -> {
            skipSpace();
            String name = string();
            require(takes(":"));
            members.put(name, value(depth + 1));
        });
        return members;
    }

    private void list(String open, String close, Runnable item) {
        require(takes(open));
        if (takes(close)) {
            return;
        }
        do {
            item.run();
        } while (takes(","));
        require(takes(close));
    }

    private Object value(int depth) {
        skipSpace();
        require(depth < DEEPEST && at < text.length());
        switch (text.charAt(at)) {
            case '{':
                object(depth);
                return OTHER;
            case '[':
                list("[", "]", () -> value(depth + 1));
                return OTHER;
            case '"':
                return string();
            default:
                break;
        }
        if (takes("true")) {
            return true;
        }
        if (takes("false")) {
            return false;
        }
        if (takes("null")) {
            return OTHER;
        }
        Matcher number = NUMBER.matcher(text).region(at, text.length());
        require(number.lookingAt());
        at = number.end();
        return new BigDecimal(number.group());
    }

    private String string() {
        require(next() == '"');
        StringBuilder string = new StringBuilder();
        for (char c = next(); c != '"'; c = next()) {
            string.append(c == '\\' ? escaped() : c);
        }
        return string.toString();
    }

    private char escaped() {
        char kind = next();
        if (kind == 'u') {
            require(at + 4 <= text.length());
            at += 4;
            return (char) Integer.parseInt(text.substring(at - 4, at), 16);
        }
        int known = "bfnrt\"\\/".indexOf(kind);
        require(known >= 0);
        return "\b\f\n\r\t\"\\/".charAt(known);
    }
}
