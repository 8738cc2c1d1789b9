//! One line to Redis, whatever stands behind it.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use redis::aio::{ConnectionLike, MultiplexedConnection, SendError};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::io::tcp::TcpSettings;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    Pipeline, ProtocolVersion, PushInfo, RedisConnectionInfo, RedisFuture, RedisResult,
    TlsCertificates, TlsMode, Value,
};

use crate::config::{Node, RedisConfig, Topology};

/// Called with what a server sends by itself, in the order in which it comes. Must not block.
pub(crate) type Pushed = Arc<dyn Fn(PushInfo) + Send + Sync>;

/// A line that many calls share: a connection to one server, or to each node of a cluster.
#[derive(Clone)]
pub(crate) enum Line {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// How lines are opened.
#[derive(Debug)]
pub(crate) struct Dialer {
    pub(crate) config: RedisConfig,
    certificates: Option<TlsCertificates>,
}

impl Dialer {
    /// Reads the file of the authority, if one is named.
    pub(crate) fn new(config: RedisConfig) -> std::io::Result<Self> {
        let pem = config.ca.as_ref().map(fs::read).transpose()?;
        let certificates = pem.map(|pem| TlsCertificates {
            client_tls: None,
            root_cert: Some(pem),
        });
        Ok(Self {
            config,
            certificates,
        })
    }

    /// The longest that [`open`](Self::open) takes: each node may have to be tried.
    pub(crate) fn patience(&self) -> Duration {
        let nodes = u32::try_from(self.config.nodes.len()).unwrap_or(u32::MAX);
        self.config
            .connect_timeout
            .saturating_mul(nodes.saturating_add(1))
    }

    /// Opens a line of its own whose answers may take `response`: for a blocking read longer than it
    /// blocks.
    pub(crate) async fn open(&self, response: Duration, pushed: Pushed) -> RedisResult<Line> {
        let opening = async {
            Ok(match &self.config.topology {
                Topology::Single => {
                    Line::Server(self.server(self.single()?, response, pushed).await?)
                }
                Topology::Sentinel { service } => {
                    let client = self.leader(service).await?;
                    Line::Server(self.server(client, response, pushed).await?)
                }
                Topology::Cluster => Line::Cluster(self.cluster(response, pushed).await?),
            })
        };
        let opened = tokio::time::timeout(self.patience(), opening).await;
        opened.unwrap_or_else(|_| Err(crate::error::timed_out()))
    }

    async fn server(
        &self,
        client: Client,
        response: Duration,
        pushed: Pushed,
    ) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.config.connect_timeout))
            .set_response_timeout(Some(response))
            .set_push_sender(sender(pushed));
        client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }

    fn single(&self) -> RedisResult<Client> {
        self.client(self.info(&self.config.nodes[0])?)
    }

    fn client(&self, info: ConnectionInfo) -> RedisResult<Client> {
        match &self.certificates {
            Some(certificates) => Client::build_with_tls(info, certificates.clone()),
            None => Client::open(info),
        }
    }

    /// The server that leads now, as the sentinels say.
    async fn leader(&self, service: &str) -> RedisResult<Client> {
        let config = &self.config;
        let sentinels = config.nodes.iter().map(|node| self.address(node));
        let mut builder =
            SentinelClientBuilder::new(sentinels, service, SentinelServerType::Master)?
                .set_client_to_redis_protocol(ProtocolVersion::RESP3)
                .set_client_to_redis_db(config.database)
                .set_client_to_redis_tcp_settings(self.tcp())
                .set_client_to_sentinel_tcp_settings(self.tcp());
        if let Some(user) = &config.user {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = &config.password {
            builder = builder.set_client_to_redis_password(password);
        }
        if let Some(user) = &config.sentinel_user {
            builder = builder.set_client_to_sentinel_username(user);
        }
        if let Some(password) = &config.sentinel_password {
            builder = builder.set_client_to_sentinel_password(password);
        }
        if config.tls {
            builder = builder
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_sentinel_tls_mode(TlsMode::Secure);
        }
        if let Some(certificates) = &self.certificates {
            builder = builder
                .set_client_to_redis_certificates(certificates.clone())
                .set_client_to_sentinel_certificates(certificates.clone());
        }
        builder.build()?.async_get_client().await
    }

    /// The most replicas of a service that one of the sentinels knows, those that are cut off too. All
    /// sentinels are asked: any of them may let a replica lead.
    pub(crate) async fn known_replicas(&self, service: &str) -> RedisResult<usize> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.config.connect_timeout))
            .set_response_timeout(Some(self.config.response_timeout));
        let asked = self.config.nodes.iter().map(async |node| {
            let client = self.client(self.sentinel_info(node)?)?;
            let opening = client.get_multiplexed_async_connection_with_config(&config);
            let mut ask = redis::cmd("SENTINEL");
            ask.arg("REPLICAS").arg(service);
            let replicas: Vec<Value> = ask.query_async(&mut opening.await?).await?;
            RedisResult::Ok(replicas.len())
        });
        let known = try_join_all(asked).await?;
        Ok(known.into_iter().max().unwrap_or(0))
    }

    async fn cluster(&self, response: Duration, pushed: Pushed) -> RedisResult<ClusterConnection> {
        let nodes = self.config.nodes.iter().map(|node| self.info(node));
        let nodes = nodes.collect::<RedisResult<Vec<_>>>()?;
        let mut builder = ClusterClientBuilder::new(nodes)
            .use_protocol(ProtocolVersion::RESP3)
            .connection_timeout(self.config.connect_timeout)
            .response_timeout(response)
            .tcp_settings(self.tcp())
            .push_sender(sender(pushed));
        if self.config.tls {
            builder = builder.tls(TlsMode::Secure);
        }
        if let Some(certificates) = &self.certificates {
            builder = builder.certs(certificates.clone());
        }
        builder.build()?.get_async_connection().await
    }

    fn info(&self, node: &Node) -> RedisResult<ConnectionInfo> {
        let config = &self.config;
        let login = login(&config.user, &config.password).set_db(config.database);
        self.at(node, login)
    }

    fn sentinel_info(&self, node: &Node) -> RedisResult<ConnectionInfo> {
        let config = &self.config;
        self.at(
            node,
            login(&config.sentinel_user, &config.sentinel_password),
        )
    }

    fn at(&self, node: &Node, login: RedisConnectionInfo) -> RedisResult<ConnectionInfo> {
        let info = self.address(node).into_connection_info()?;
        Ok(info.set_redis_settings(login).set_tcp_settings(self.tcp()))
    }

    fn address(&self, node: &Node) -> ConnectionAddr {
        let (host, port) = (node.host.clone(), node.port);
        if self.config.tls {
            ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(host, port)
        }
    }

    fn tcp(&self) -> TcpSettings {
        let settings = TcpSettings::default().set_nodelay(true);
        // A host that vanished acknowledges nothing: the connection breaks instead of waiting.
        #[cfg(target_os = "linux")]
        let settings = settings.set_user_timeout(self.config.response_timeout * 2);
        settings
    }
}

fn login(user: &Option<String>, password: &Option<String>) -> RedisConnectionInfo {
    let mut login = RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3);
    if let Some(user) = user {
        login = login.set_username(user);
    }
    if let Some(password) = password {
        login = login.set_password(password);
    }
    login
}

fn sender(pushed: Pushed) -> impl Fn(PushInfo) -> Result<(), SendError> + Send + Sync + 'static {
    move |info| {
        pushed(info);
        Ok(())
    }
}

impl ConnectionLike for Line {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Server(line) => line.req_packed_command(cmd),
            Self::Cluster(line) => line.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Server(line) => line.req_packed_commands(pipeline, offset, count),
            Self::Cluster(line) => line.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Server(line) => line.get_db(),
            Self::Cluster(line) => line.get_db(),
        }
    }
}
