//! The end of TLS before a server that has none, which asks for a password.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use super::authority::Authority;

/// The user `ann` and her password, as HTTP sends them.
const ENTERS: &str = "authorization: basic YW5uOmMwcnJlY3Q=";
const UNAUTHORIZED: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";

/// Listens as long as it lives.
pub(super) struct Gate {
    address: SocketAddr,
    listening: JoinHandle<()>,
}

impl Gate {
    /// One with the certificate of this authority.
    pub(super) async fn before(server: String, authority: &Authority) -> Self {
        let certificates = CertificateDer::pem_file_iter(authority.certificate());
        let certificates = certificates.expect("a file").collect::<Result<_, _>>();
        let key = PrivateKeyDer::from_pem_file(authority.key()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_no_client_auth()
            .with_single_cert(certificates.expect("certificates"), key)
            .expect("a certificate of this key");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, server) = (acceptor.clone(), server.clone());
                tokio::spawn(async move {
                    // Who does not trust the certificate goes.
                    if let Ok(client) = acceptor.accept(client).await {
                        lead(client, server).await;
                    }
                });
            }
        });
        Self { address, listening }
    }

    pub(super) const fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Whoever enters with the first request of a connection may ask on; an error says that one side is gone.
async fn lead(mut client: TlsStream<TcpStream>, server: String) {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if !matches!(client.read_buf(&mut head).await, Ok(1..)) {
            return;
        }
    }
    let text = String::from_utf8_lossy(&head);
    if !text.lines().any(|line| is(line, ENTERS)) {
        let _ = client.write_all(UNAUTHORIZED.as_bytes()).await;
        let _ = client.shutdown().await;
        return;
    }
    let mut server = TcpStream::connect(server).await.expect("a server");
    server.write_all(&head).await.expect("it takes a request");
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

/// Names of headers and schemes are of any case, credentials are not.
fn is(line: &str, wanted: &str) -> bool {
    let credentials = |text: &str| text.rsplit_once(' ').map(|(_, last)| last.to_owned());
    line.eq_ignore_ascii_case(wanted) && credentials(line) == credentials(wanted)
}
