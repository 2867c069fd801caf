package dev.hotseat.client;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** As much of JSON as the sidecar's documents take: the members of one object. Bounded in depth. */
final class Json {
    private static final int DEEPEST = 32;
    private static final Pattern WORD = Pattern.compile("true|false|null|-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
    private static final Object OTHER = new Object();

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /**
     * The members of the object that the text is: Boolean, Long for a number that is whole and not negative,
     * String, or something else.
     *
     * @throws IllegalArgumentException if it is not an object
     */
    static Map<?, ?> members(String text) {
        Json json = new Json(text);
        Object value = json.value(0);
        json.skipSpace();
        json.require(json.at == text.length() && value instanceof Map);
        return (Map<?, ?>) value;
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

    /** Whether that sign comes next; it is taken then. */
    private boolean takes(String sign) {
        skipSpace();
        boolean there = text.startsWith(sign, at);
        at += there ? 1 : 0;
        return there;
    }

    /** Whether something follows in a list or an object: what closes it is taken where nothing does. */
    private boolean goesOn(String close) {
        boolean more = takes(",");
        require(more || takes(close));
        return more;
    }

    private Object value(int depth) {
        require(depth < DEEPEST);
        if (takes("{")) {
            Map<String, Object> members = new HashMap<>();
            for (boolean more = !takes("}"); more; more = goesOn("}")) {
                require(takes("\""));
                String name = string();
                require(takes(":"));
                members.put(name, value(depth + 1));
            }
            return members;
        }
        if (takes("[")) {
            for (boolean more = !takes("]"); more; more = goesOn("]")) {
                value(depth + 1);
            }
            return OTHER;
        }
        return takes("\"") ? string() : word();
    }

    private Object word() {
        Matcher word = WORD.matcher(text).region(at, text.length());
        require(word.lookingAt());
        at = word.end();
        boolean whole = word.group().matches("[0-9]{1,18}");
        return switch (word.group()) {
            case "true" -> true;
            case "false" -> false;
            default -> whole ? Long.valueOf(word.group()) : OTHER;
        };
    }

    /** The rest of a text behind its quotation mark. */
    private String string() {
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
