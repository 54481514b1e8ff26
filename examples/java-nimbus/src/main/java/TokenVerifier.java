import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.net.MalformedURLException;
import java.net.URI;
import java.text.ParseException;
import java.util.Map;
import java.util.Set;

/** Verifies access tokens. The issuer's keys are kept, and fetched again for a kid that they do not have. */
final class TokenVerifier {
  private final DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();

  TokenVerifier(Map<String, String> env) throws MalformedURLException {
    // <verifying>
    var keys = JWKSourceBuilder.create(URI.create(env.get("JWKS_URI")).toURL()).build();
    // What the realm signs with; never what the token says.
    processor.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.RS256, keys));
    processor.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(
        env.get("CLIENT_ID"), // must be in aud: only who is granted a call has it
        new JWTClaimsSet.Builder()
            .issuer(env.get("ISSUER"))
            .claim("typ", "Bearer") // an access token, and no ID token
            .build(),
        Set.of("exp", "iat", "sub", "azp")));
    // </verifying>
  }

  /** The client that calls. A {@code JOSEException} is about the keys, and no fault of the token. */
  String caller(String token) throws BadJOSEException, ParseException, JOSEException {
    return processor.process(token, null).getStringClaim("azp");
  }
}
