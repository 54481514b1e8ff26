package example;

import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient;

/**
 * A service that calls machine-b and protects an API of its own, by Spring Security.
 *
 * <pre>eval "$(m2m env --client ID)"; API=http://localhost:3000/api/protected PORT=8000 mvn -q spring-boot:run</pre>
 */
@SpringBootApplication
@RestController
public class Service {
  private final RestClient machineB;
  private final String api;

  Service(RestClient machineB, @Value("${API}") String api) {
    this.machineB = machineB;
    this.api = api;
  }

  public static void main(String[] args) {
    SpringApplication.run(Service.class, args);
  }

  @GetMapping("/")
  Map<String, Object> orders(@AuthenticationPrincipal Jwt token) {
    return Map.of("caller", token.getClaimAsString("azp"), "answer", machineB.get().uri(api).retrieve().body(Map.class));
  }
}
