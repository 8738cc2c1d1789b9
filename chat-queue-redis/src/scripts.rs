//! The scripts of the queue. Redis keeps them; one that came back empty is given them again.

use redis::Script;

macro_rules! scripts {
    ($($name:ident)*) => {
        /// Each behind what they share.
        #[derive(Debug)]
        pub(crate) struct Scripts {
            $(pub(crate) $name: Script,)*
        }

        impl Scripts {
            pub(crate) fn new() -> Self {
                Self {
                    $($name: Script::new(concat!(
                        include_str!("scripts/queue/lane.lua"),
                        include_str!(concat!("scripts/queue/", stringify!($name), ".lua")),
                    )),)*
                }
            }
        }
    };
}

scripts! { push pull ack retry bury find depth buried letters count unbury lead }
