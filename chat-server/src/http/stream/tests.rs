use std::time::Duration;

use http_body_util::BodyExt;

use super::*;
use crate::http::testing;

const PATIENCE: Duration = Duration::from_secs(5);

fn head() -> Arc<Head> {
    Arc::new(testing::head("GET", "/list"))
}

async fn read(response: Response) -> Result<String, String> {
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(|error| error.to_string())?;
    Ok(String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

#[tokio::test]
async fn pages_become_one_array() {
    let response = json_array(&head(), PATIENCE, Frame::ARRAY, |mut array| async move {
        for page in [&[1, 2][..], &[], &[3]] {
            array.page(page).await?;
        }
        Ok(array)
    });
    assert_eq!(read(response).await.unwrap(), "[1,2,3]");
    let empty = json_array(
        &head(),
        PATIENCE,
        Frame::ARRAY,
        |array| async move { Ok(array) },
    );
    assert_eq!(read(empty).await.unwrap(), "[]");
}

#[tokio::test]
async fn a_failure_midway_breaks_the_answer_off() {
    let response = json_array(&head(), PATIENCE, Frame::ARRAY, |mut array| async move {
        array.page(&[1]).await?;
        Err(PumpError::failed("the store went away"))
    });
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "[1");
    assert!(body.frame().await.unwrap().is_err());
}

#[tokio::test]
async fn a_panic_midway_breaks_the_answer_off() {
    let response = json_array(&head(), PATIENCE, Frame::ARRAY, |mut array| async move {
        array.page(&[1]).await?;
        panic!("on purpose")
    });
    assert!(read(response).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_is_given_up() {
    let (told, outcome) = tokio::sync::oneshot::channel();
    let response = json_array(&head(), PATIENCE, Frame::ARRAY, |mut array| async move {
        let mut pages = 0;
        loop {
            if let Err(error) = array.page(&[0]).await {
                told.send((pages, matches!(error, PumpError::Gone(_))))
                    .unwrap();
                return Err(error);
            }
            pages += 1;
        }
    });
    assert_eq!(outcome.await.unwrap(), (WAITING, true));
    assert!(
        read(response).await.is_err(),
        "what is missing must not look complete"
    );
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_the_work() {
    let (told, outcome) = tokio::sync::oneshot::channel();
    let response = pumped(&head(), "text/plain", PATIENCE, |pump| async move {
        pump.closed().await;
        told.send(()).unwrap();
        Ok::<_, PumpError>(pump)
    });
    drop(response);
    outcome.await.unwrap();
}

mod events {
    use super::*;
    use crate::http::sse::event_stream;

    #[tokio::test]
    async fn events_are_framed_with_their_id() {
        let response = event_stream(&head(), PATIENCE, |events| async move {
            events.send("changes", Some("c1"), "{\"a\":1}").await?;
            events.send("reset", None, "two\nlines").await?;
            Ok(events.finish())
        });
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let text = read(response).await.unwrap();
        assert_eq!(
            text,
            "retry: 3000\n\nevent: changes\nid: c1\ndata: {\"a\":1}\n\nevent: reset\ndata: two\ndata: lines\n\n"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_says_that_it_lives_and_ends_when_the_server_stops() {
        let head = head();
        let response = event_stream(&head, PATIENCE, |mut events| async move {
            // What waits looks again from time to time, more often than the stream beats.
            let mut looks = tokio::time::interval(Duration::from_secs(15));
            while events.wait(looks.tick()).await?.is_some() {}
            Ok(events.finish())
        });
        let begun = tokio::time::Instant::now();
        let mut body = response.into_body();
        let retry = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(retry, "retry: 3000\n\n");
        for beat in 1..=3 {
            let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(frame, ": alive\n\n");
            assert_eq!(begun.elapsed().as_secs(), beat * 25);
        }
        head.stopping.cancel();
        assert!(body.frame().await.is_none());
    }
}
