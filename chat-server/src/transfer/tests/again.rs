//! The same file once more: stopped, grown, corrected.

use proptest::prelude::*;

use super::super::import::{BadLines, ImportError};
use super::{Backend, bodies, content};

/// The same lines in chats of one name, told apart by numbers alone.
fn labels(content: &[u8]) -> Vec<u8> {
    let text = str::from_utf8(content).unwrap();
    let with_number = |line: &str| {
        let number = 1 + line[10..line.find("\",").unwrap()]
            .parse::<usize>()
            .unwrap();
        line.replacen(
            "\"chat\":\"c",
            &format!("\"number\":{number},\"chat\":\"same\",\"author\":\"c"),
            1,
        )
        .replacen(",\"author\":\"a\"", "", 1)
    };
    text.lines()
        .map(with_number)
        .map(|line| line + "\n")
        .collect::<String>()
        .into_bytes()
}

#[tokio::test]
async fn a_file_whose_bad_line_was_corrected_goes_on_there() {
    for lines in [1, 3, 20_000] {
        let x = Backend::start().await;
        let good = content(lines + 2, 2);
        let bad = String::from_utf8(good.clone()).unwrap().replacen(
            &format!("\"body\":\"{lines}\""),
            "\"body\":7",
            1,
        );
        let (tally, end) = x.import(bad.as_bytes(), BadLines::Fail, usize::MAX).await;
        assert!(matches!(end, Err(ImportError::Bad { .. })));
        assert_eq!(tally.line, lines as u64);
        assert_eq!(x.take(&good).await.messages, 2);
        assert_eq!(
            bodies(&x.contents().await),
            (0..lines + 2).collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn another_file_with_the_same_first_line_is_another_file() {
    let x = Backend::start().await;
    let first = "{\"chat\":\"a\"}\n";
    let file = |body| format!("{first}{{\"chat\":\"a\",\"body\":\"{body}\"}}\n");
    assert_eq!(x.take(file(0).as_bytes()).await.messages, 1);
    assert_eq!(x.take(file(1).as_bytes()).await.messages, 1);
    assert_eq!(x.take(first.as_bytes()).await.messages, 0);
    assert_eq!(bodies(&x.contents().await), [0, 1]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_file_that_grows_is_taken_over_once(
        mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
        lines in prop_oneof![10 => 1_usize..30, 5 => 100_usize..1_500, 1 => Just(14_000)],
        chats in 1_usize..5,
        labelled in any::<bool>(),
        stop_after in 1_usize..5,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let x = Backend::start().await;
            let mut content = content(lines, chats);
            if labelled {
                content = labels(&content);
            }
            cuts.sort_unstable_by_key(|cut| cut.index(content.len()));
            for cut in cuts {
                // In the middle of a line, too: that one is bad until it is whole.
                let part = &content[..cut.index(content.len())];
                x.import(part, BadLines::Fail, stop_after).await.1.ok();
            }
            x.take(&content).await;
            let contents = x.contents().await;
            prop_assert_eq!(contents.len(), chats.min(lines));
            prop_assert_eq!(bodies(&contents), (0..lines).collect::<Vec<_>>());
            Ok(())
        })?;
    }

    #[test]
    fn however_often_it_is_stopped_nothing_is_doubled(
        stops in prop::collection::vec(1_usize..3, 1..4),
        chats in 1_usize..40,
        labelled in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let x = Backend::start().await;
            let mut content = content(5_500, chats);
            if labelled {
                content = labels(&content);
            }
            for stop_after in stops {
                let (_, end) = x.import(&content, BadLines::Fail, stop_after).await;
                end.unwrap();
            }
            x.take(&content).await;
            let contents = x.contents().await;
            prop_assert_eq!(contents.len(), chats);
            prop_assert_eq!(bodies(&contents), (0..5_500).collect::<Vec<_>>());
            for (_, messages) in contents {
                prop_assert!(messages.windows(2).all(|two| two[0].body.parse::<usize>().unwrap() < two[1].body.parse().unwrap()));
            }
            Ok(())
        })?;
    }
}
