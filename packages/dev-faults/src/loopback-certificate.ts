/**
 * Self-signed, for `localhost` and store.test, gateway.test, hub.test, chain.test, pinned.test; until 2126. Its key is known to
 * everybody: good for tests alone.
 */
export const loopbackCertificate: { readonly key: string; readonly cert: string } = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdI6xpdlj8YolNltY
9UJ0kiB1UaTsVwgepL5MuXE/twKhRANCAATKTn5g5B1NhZXaUvctD1hHt/3ZmEvB
fARv/yh47vHT84locwXXIf7TaZRFpXpCF1uUNzrLGPE6RS1VohqyKeTv
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIB0jCCAXigAwIBAgIUe0xAQLe8dJD6KVBLJXW75zZUBfwwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIbG9vcGJhY2swIBcNMjYxMjAxMDQwNjQ5WhgPMjEyNjExMDcw
NDA2NDlaMBMxETAPBgNVBAMMCGxvb3BiYWNrMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEyk5+YOQdTYWV2lL3LQ9YR7f92ZhLwXwEb/8oeO7x0/OJaHMF1yH+02mU
RaV6QhdblDc6yxjxOkUtVaIasink76OBpzCBpDAdBgNVHQ4EFgQUt4b9MvhBgIOb
gygD8DfzX+C8tjUwHwYDVR0jBBgwFoAUt4b9MvhBgIObgygD8DfzX+C8tjUwUQYD
VR0RBEowSIIJbG9jYWxob3N0ggpzdG9yZS50ZXN0ggxnYXRld2F5LnRlc3SCCGh1
Yi50ZXN0ggpjaGFpbi50ZXN0ggtwaW5uZWQudGVzdDAPBgNVHRMBAf8EBTADAQH/
MAoGCCqGSM49BAMCA0gAMEUCICJkH7KYv81DAUkiZf3PA7uzIQbJvkJplXD/lgvu
jv2aAiEA5gTmb4MybJOKONE52DMj66OLFUPvjvYIB7dcauNlHhg=
-----END CERTIFICATE-----
`,
}
