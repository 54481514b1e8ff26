package example;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.Base64;

/** The RSA key that assertions are signed with, and the id by which Keycloak knows it. */
record SigningKey(RSAPrivateCrtKey privateKey, RSAPublicKey publicKey, String kid) {
  /** Reads the file again each time: after a rotation it holds another key, which has another id. */
  static SigningKey read(Path file) throws IOException, GeneralSecurityException {
    String pem = Files.readString(file).replaceAll("-----(BEGIN|END) PRIVATE KEY-----", "");
    KeyFactory factory = KeyFactory.getInstance("RSA");
    var spec = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem));
    var key = (RSAPrivateCrtKey) factory.generatePrivate(spec);
    var publicSpec = new RSAPublicKeySpec(key.getModulus(), key.getPublicExponent());
    var publicKey = (RSAPublicKey) factory.generatePublic(publicSpec);
    // Not the thumbprint of RFC 7638: Keycloak takes the SHA-256 of the public key (SubjectPublicKeyInfo).
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(publicKey.getEncoded());
    return new SigningKey(key, publicKey, Base64.getUrlEncoder().withoutPadding().encodeToString(hash));
  }
}
