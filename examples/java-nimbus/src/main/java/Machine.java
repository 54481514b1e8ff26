import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.auth.JWTAuthenticationClaimsSet;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.id.Audience;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.JWTID;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Map;

/** Calls as a client of the realm. Its token is renewed 30 s before it ends. */
final class Machine {
  private final HttpClient http = HttpClient.newHttpClient();
  private final Map<String, String> env;
  private AccessToken token;
  private Instant renewAt = Instant.MIN;

  Machine(Map<String, String> env) {
    this.env = env;
  }

  String get(URI api) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(api)
        .header("Authorization", token().toAuthorizationHeader())
        .timeout(Duration.ofSeconds(5))
        .build();
    var response = http.send(request, BodyHandlers.ofString());
    if (response.statusCode() == 200) return response.body();
    throw new IOException(api + " answered " + response.statusCode());
  }

  // <assertion>
  private PrivateKeyJWT assertion() throws Exception {
    SigningKey key = SigningKey.read(Path.of(env.get("KEY_FILE")));
    Instant now = Instant.now();
    var claims = new JWTAuthenticationClaimsSet(
        new ClientID(env.get("CLIENT_ID")),
        new Audience(env.get("ISSUER")).toSingleAudienceList(), // whatever address it is posted to
        Date.from(now.plusSeconds(60)),
        null,
        Date.from(now),
        new JWTID(key.kid().substring(0, 8) + "." + new JWTID())); // accepted once
    return new PrivateKeyJWT(claims, JWSAlgorithm.parse(env.get("ALGORITHM")), key.privateKey(), key.kid(), null);
  }
  // </assertion>

  private synchronized AccessToken token() throws Exception {
    if (Instant.now().isBefore(renewAt)) return token;
    var endpoint = URI.create(env.get("TOKEN_ENDPOINT"));
    var request = new TokenRequest.Builder(endpoint, assertion(), new ClientCredentialsGrant()).build().toHTTPRequest();
    request.setConnectTimeout(5_000);
    request.setReadTimeout(5_000);
    TokenResponse response = TokenResponse.parse(request.send());
    if (!response.indicatesSuccess()) throw new IOException(response.toErrorResponse().getErrorObject().toString());
    token = response.toSuccessResponse().getTokens().getAccessToken();
    renewAt = Instant.now().plusSeconds(token.getLifetime() - 30);
    return token;
  }
}
