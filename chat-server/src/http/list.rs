//! Whole lists, however long: a short one is one answer, a long one is pumped.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde::Serialize;

use super::call::Head;
use super::reply::{self, Frame, Response};
use super::stream::{PumpError, json_array};

/// Gives a list page by page, each page read by itself.
pub trait Pages: Send + 'static {
    /// What an element is shown as.
    type View: Serialize + Send + Sync;
    /// Why a page cannot be had.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The next elements, and whether more follow.
    fn next(&mut self)
    -> impl Future<Output = Result<(Vec<Self::View>, bool), Self::Error>> + Send;
}

/// The answer with the whole list.
///
/// # Errors
/// When the first page cannot be had; a later failure breaks the answer off.
pub async fn whole<P: Pages>(
    head: &Arc<Head>,
    patience: Duration,
    frame: Frame,
    mut pages: P,
) -> Result<Response, P::Error> {
    let (first, more) = pages.next().await?;
    if !more {
        return Ok(reply::json_list(StatusCode::OK, frame, &first));
    }
    Ok(json_array(
        head,
        patience,
        frame,
        move |mut array| async move {
            array.page(&first).await?;
            drop(first);
            loop {
                let (page, more) = pages.next().await.map_err(PumpError::failed)?;
                array.page(&page).await?;
                if !more {
                    return Ok(array);
                }
            }
        },
    ))
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::http::testing;

    struct Upto {
        at: u32,
        fails_at: u32,
    }

    impl Pages for Upto {
        type View = u32;
        type Error = std::io::Error;

        async fn next(&mut self) -> Result<(Vec<u32>, bool), std::io::Error> {
            if self.at == self.fails_at {
                return Err(std::io::ErrorKind::NotConnected.into());
            }
            self.at += 1;
            Ok((vec![self.at], self.at < 3))
        }
    }

    async fn read(fails_at: u32) -> Result<Option<String>, std::io::Error> {
        let head = Arc::new(testing::head("GET", "/"));
        let answer = whole(
            &head,
            Duration::from_secs(5),
            Frame::ARRAY,
            Upto { at: 0, fails_at },
        )
        .await?;
        let body = answer.into_body().collect().await.ok();
        Ok(body.map(|body| String::from_utf8(body.to_bytes().to_vec()).unwrap()))
    }

    #[tokio::test]
    async fn a_list_is_whole_or_visibly_not() {
        assert_eq!(read(9).await.unwrap().as_deref(), Some("[1,2,3]"));
        assert_eq!(read(2).await.unwrap(), None, "broken off");
        assert!(
            read(0).await.is_err(),
            "nothing was sent yet, so the status can tell"
        );
    }
}
