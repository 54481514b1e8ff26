package example;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.oauth2.client.AuthorizedClientServiceOAuth2AuthorizedClientManager;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientProviderBuilder;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientService;
import org.springframework.security.oauth2.client.endpoint.NimbusJwtClientAuthenticationParametersConverter;
import org.springframework.security.oauth2.client.endpoint.OAuth2ClientCredentialsGrantRequest;
import org.springframework.security.oauth2.client.endpoint.RestClientClientCredentialsTokenResponseClient;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.client.OAuth2ClientHttpRequestInterceptor;
import org.springframework.web.client.RestClient;

/** A client whose requests have a token, renewed 30 s before it ends. */
@Configuration
class Calling {
  @Value("${ISSUER}") String issuer;
  @Value("${KEY_FILE}") Path keyFile;
  @Value("${ALGORITHM}") String algorithm;

  /** Asked for each assertion, so that a rotated key signs from the next one on. */
  // <assertion>
  private JWK signingKey() {
    try {
      SigningKey key = SigningKey.read(keyFile);
      return new RSAKey.Builder(key.publicKey())
          .privateKey(key.privateKey())
          .keyID(key.kid())
          .algorithm(JWSAlgorithm.parse(algorithm))
          .build();
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(keyFile + " cannot be read", e);
    }
  }

  @Bean
  RestClient machineB(ClientRegistrationRepository registrations, OAuth2AuthorizedClientService service) {
    var assertions = new NimbusJwtClientAuthenticationParametersConverter<OAuth2ClientCredentialsGrantRequest>(
        registration -> signingKey());
    assertions.setJwtClientAssertionCustomizer(assertion -> assertion.getClaims()
        .audience(List.of(issuer)) // whatever address it is posted to
        .id(signingKey().getKeyID().substring(0, 8) + "." + UUID.randomUUID())); // accepted once
    var tokens = new RestClientClientCredentialsTokenResponseClient();
    tokens.addParametersConverter(assertions);
  // </assertion>

    var manager = new AuthorizedClientServiceOAuth2AuthorizedClientManager(registrations, service);
    manager.setAuthorizedClientProvider(OAuth2AuthorizedClientProviderBuilder.builder()
        .clientCredentials(grant -> grant.accessTokenResponseClient(tokens).clockSkew(Duration.ofSeconds(30)))
        .build());
    var interceptor = new OAuth2ClientHttpRequestInterceptor(manager);
    interceptor.setClientRegistrationIdResolver(request -> "machine-b");
    // It calls for itself, and not once for each of its callers.
    var itself = new AnonymousAuthenticationToken("machine", "machine", AuthorityUtils.createAuthorityList("MACHINE"));
    interceptor.setPrincipalResolver(request -> itself);
    return RestClient.builder().requestInterceptor(interceptor).build();
  }
}
