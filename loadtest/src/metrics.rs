//! The server's own metrics, asked for over HTTP. Owns the asking and the parsing; knows no metric.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::failure::Failure;
use crate::target::Target;

/// A page of a few hundred lines on this machine; a server that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(10);
/// A page that is longer is none of metrics.
const LONGEST: u64 = 4 << 20;

/// One page of metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// By name, with labels as they stand.
    values: BTreeMap<String, f64>,
    gauges: Vec<String>,
}

impl Metrics {
    /// Asks a server.
    pub async fn of(target: &Target) -> Result<Self, Failure> {
        if target.tls {
            return Err(Failure::Usage("metrics are not read over TLS".to_owned()));
        }
        let host = target.address.host().to_owned();
        let asked = async {
            let mut stream = TcpStream::connect(&host).await?;
            let request =
                format!("GET /metrics HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await?;
            let mut text = String::new();
            stream.take(LONGEST).read_to_string(&mut text).await?;
            Ok(text)
        };
        let text = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(text) => text.map_err(Failure::io("read the server's metrics"))?,
            Err(_) => return Err(Failure::TooLong("reading the metrics", PATIENCE.as_secs())),
        };
        Ok(Self::parse(text.split_once("\r\n\r\n").map_or("", |(_, body)| body)))
    }

    /// Reads the text format of Prometheus; what is no line of it is passed over.
    #[must_use]
    pub fn parse(page: &str) -> Self {
        let mut metrics = Self::default();
        for line in page.lines() {
            if let Some(declared) = line.strip_prefix("# TYPE ") {
                if let Some(name) = declared.strip_suffix(" gauge") {
                    metrics.gauges.push(name.to_owned());
                }
            } else if let Some((name, value)) = line.rsplit_once(' ')
                && !line.starts_with('#')
                && let Ok(value) = value.parse()
            {
                metrics.values.insert(name.to_owned(), value);
            }
        }
        metrics
    }

    /// A value by its name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied()
    }

    /// Every gauge with its value, labelled ones too.
    pub fn gauges(&self) -> impl Iterator<Item = (&str, f64)> {
        let bare = |name: &str| name.split('{').next().unwrap_or_default().to_owned();
        self.values
            .iter()
            .filter(move |(name, _)| self.gauges.contains(&bare(name)))
            .map(|(name, value)| (name.as_str(), *value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauges_are_told_from_counters() {
        let page = "# HELP a_total Things.\n# TYPE a_total counter\na_total{op=\"x y\"} 7\n\n\
                    # TYPE open gauge\nopen 2\n# TYPE parts gauge\nparts{of=\"a\"} 0.5\n\
                    # TYPE h histogram\nh_bucket{le=\"1\"} 3\nnonsense\nbad one\n";
        let metrics = Metrics::parse(page);
        assert_eq!(metrics.value("a_total{op=\"x y\"}"), Some(7.0));
        assert_eq!(metrics.value("open"), Some(2.0));
        assert_eq!(metrics.value("bad"), None);
        let gauges: Vec<_> = metrics.gauges().collect();
        assert_eq!(gauges, [("open", 2.0), ("parts{of=\"a\"}", 0.5)]);
    }
}
