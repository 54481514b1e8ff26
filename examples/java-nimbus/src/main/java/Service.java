import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.Map;
import java.util.concurrent.Executors;

/**
 * A service that calls machine-b and protects an API of its own, by Nimbus.
 *
 * <pre>eval "$(m2m env --client ID)"; API=http://localhost:3000/api/protected PORT=8000 mvn -q compile exec:java</pre>
 */
public final class Service {
  public static void main(String[] args) throws IOException {
    Map<String, String> env = System.getenv();
    var machine = new Machine(env);
    var verifier = new TokenVerifier(env);
    var api = URI.create(env.get("API"));
    int port = Integer.parseInt(env.getOrDefault("PORT", "8000"));
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
    server.setExecutor(Executors.newFixedThreadPool(8));
    server.createContext("/", exchange -> {
      try (exchange) {
        orders(exchange, verifier, machine, api);
      }
    });
    server.start();
  }

  private static void orders(HttpExchange exchange, TokenVerifier verifier, Machine machine, URI api)
      throws IOException {
    String header = exchange.getRequestHeaders().getFirst("Authorization");
    if (header == null || !header.regionMatches(true, 0, "Bearer ", 0, 7)) {
      exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
      answer(exchange, 401, Map.of("error", "unauthorized"));
      return;
    }
    try {
      String caller = verifier.caller(header.substring(7));
      answer(exchange, 200, Map.of("caller", caller, "answer", JSONObjectUtils.parse(machine.get(api))));
    } catch (BadJOSEException | ParseException e) {
      exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer error=\"invalid_token\"");
      answer(exchange, 401, Map.of("error", "invalid_token"));
    } catch (Exception e) { // no keys, no token, or no answer
      System.err.println(e.getMessage());
      answer(exchange, 503, Map.of("error", "temporarily_unavailable"));
    }
  }

  private static void answer(HttpExchange exchange, int status, Map<String, Object> body) throws IOException {
    byte[] bytes = JSONObjectUtils.toJSONString(body).getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
