import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.atsign.client.api.AtClient;
import org.atsign.client.api.AtEvents.AtEventType;
import org.atsign.client.cli.Onboard;
import org.atsign.common.AtSign;
import org.atsign.common.Keys;
import org.atsign.common.VerbBuilders;

/**
 * Lets a test drive at_java: commands on stdin, answers that begin with "=" on stdout. Arguments: atSign, host, port.
 */
public class Driver {
    private static final BlockingQueue<Map<String, Object>> received = new LinkedBlockingQueue<>();
    private static AtSign me;
    private static String directory;
    private static AtClient client;

    public static void main(String[] args) throws Exception {
        me = new AtSign(args[0]);
        directory = args[1] + ":" + args[2];
        PrintStream out = System.out;
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split("\t");
            try {
                String answer = run(words[0], Arrays.copyOfRange(words, 1, words.length));
                out.println("=ok\t" + (answer == null ? "" : answer));
            } catch (Throwable error) {
                error.printStackTrace();
                Throwable cause = error;
                while (cause.getCause() != null) cause = cause.getCause();
                out.println("=error\t" + (cause.getClass().getSimpleName() + " " + cause.getMessage()).replace("\n", " "));
            }
            out.flush();
        }
        // The client's monitor leaves threads behind that never end.
        Runtime.getRuntime().halt(0);
    }

    private static String run(String command, String[] a) throws Exception {
        switch (command) {
            case "onboard":
                Onboard.main(new String[] {directory, me.toString(), a[0]});
                return null;
            case "login":
                client = AtClient.withRemoteSecondary(directory, me);
                client.addEventListener(
                    (type, data) -> received.add(data), EnumSet.of(AtEventType.decryptedUpdateNotification));
                return null;
            case "put":
                if (a[0].equals("self")) client.put(self(a[1]), a[2]).get();
                else if (a[0].equals("public")) client.put(open(a[1], me), a[2]).get();
                else client.put(shared(a[1], me, new AtSign(a[3])), a[2]).get();
                return null;
            case "get":
                if (a[0].equals("self")) return client.get(self(a[1])).get();
                AtSign owner = a.length > 2 ? new AtSign(a[2]) : me;
                if (a[0].equals("public")) return client.get(open(a[1], owner)).get();
                return client.get(shared(a[1], owner, me)).get();
            case "scan":
                List<String> names = new ArrayList<>();
                for (Keys.AtKey key : client.getAtKeys(a[0], true).get()) names.add(key.toString());
                return String.join(" ", names);
            case "delete":
                if (a[0].equals("self")) client.delete(self(a[1])).get();
                else if (a[0].equals("public")) client.delete(open(a[1], me)).get();
                else client.delete(shared(a[1], me, new AtSign(a[2]))).get();
                return null;
            case "notify":
                // This client encrypts no notifications itself: its builder sends the text as it is.
                VerbBuilders.NotifyTextVerbBuilder text = new VerbBuilders.NotifyTextVerbBuilder();
                text.setRecipientAtSign(a[0]);
                text.setText(a[2]);
                client.executeCommand(text.build(), true);
                return null;
            case "monitor":
                client.startMonitor();
                return null;
            case "next":
                for (;;) {
                    Map<String, Object> data = received.take();
                    if (data.get("key").toString().contains(a[0]))
                        return data.get("from") + " " + data.get("decryptedValue");
                }
            default:
                throw new IllegalArgumentException(command);
        }
    }

    /** Names carry their namespace themselves: this client leaves it out of some commands. */
    private static Keys.SelfKey self(String name) {
        Keys.SelfKey key = new Keys.SelfKey(me);
        key.name = name;
        return key;
    }

    private static Keys.PublicKey open(String name, AtSign owner) {
        Keys.PublicKey key = new Keys.PublicKey(owner);
        key.name = name;
        return key;
    }

    private static Keys.SharedKey shared(String name, AtSign owner, AtSign recipient) {
        Keys.SharedKey key = new Keys.SharedKey(owner, recipient);
        key.name = name;
        return key;
    }
}
