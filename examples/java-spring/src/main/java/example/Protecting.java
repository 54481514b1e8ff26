package example;

import static org.springframework.security.config.Customizer.withDefaults;

import java.util.Objects;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.web.SecurityFilterChain;

/** Issuer, audience, algorithm and where the keys are stand in application.properties. */
@Configuration
class Protecting {
  @Bean
  SecurityFilterChain security(HttpSecurity http) throws Exception {
    return http
        .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
        .oauth2ResourceServer(server -> server.jwt(withDefaults()))
        .sessionManagement(session -> session.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .csrf(csrf -> csrf.disable()) // no cookie tells who calls
        .build();
  }

  /** An access token, and no ID token; and one that says which client calls. */
  @Bean
  OAuth2TokenValidator<Jwt> moreClaims() {
    return new DelegatingOAuth2TokenValidator<>(
        new JwtClaimValidator<String>("typ", "Bearer"::equals), new JwtClaimValidator<String>("azp", Objects::nonNull));
  }
}
