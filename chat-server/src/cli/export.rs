//! `export`: write an application as a file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chat_core::ids::{ApplicationId, Token};
use chat_core::port::Stores;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::meter::Meter;
use super::{Failure, say};
use crate::config::Settings;
use crate::transfer::export::{Written, export};
use crate::wiring::Reader;

/// Write an application as a file that import reads, also beside running servers
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// The application with this token
    #[arg(long, value_name = "TOKEN")]
    application: Token,
    /// The file; - is the standard output
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// Direct chats and groups too; whoever imports the file gets them as open chats
    #[arg(long)]
    with_private: bool,
    /// Compress it
    #[arg(long)]
    gzip: bool,
}

impl Export {
    pub(super) fn run(&self, settings: &Settings) -> Result<ExitCode, Failure> {
        super::on_runtime(settings, self.export(settings))
    }

    async fn export(&self, settings: &Settings) -> Result<ExitCode, Failure> {
        let store = Reader::open(settings).await?;
        let application = store
            .stores
            .applications
            .by_token(self.application.hash())
            .await?;
        let id = application.ok_or("no application has this token")?.id;
        let written = if self.file == Path::new("-") {
            self.write(&store.stores, id, io::stdout()).await?
        } else {
            self.write_file(&store.stores, id).await?
        };
        let Written {
            chats,
            messages,
            left_out,
        } = written;
        super::aside(format_args!(
            "{} of {} exported",
            say::count(messages, "message"),
            say::count(chats, "chat")
        ));
        if left_out > 0 {
            super::aside(format_args!(
                "{} of members alone left out; --with-private takes them too",
                say::count(left_out, "chat")
            ));
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The file has its name only once it is whole.
    async fn write_file(&self, stores: &Stores, id: ApplicationId) -> Result<Written, Failure> {
        let mut unfinished = self.file.clone().into_os_string();
        unfinished.push(".partial");
        let unfinished = PathBuf::from(unfinished);
        let written = match File::create(&unfinished) {
            Ok(file) => self.write(stores, id, file).await,
            Err(error) => Err(error.into()),
        };
        let written = written.and_then(|written| {
            File::open(&unfinished)?.sync_all()?;
            fs::rename(&unfinished, &self.file)?;
            Ok(written)
        });
        written.map_err(|error| {
            // Where it was not even made there is nothing to remove.
            let _ = fs::remove_file(&unfinished);
            format!("{}: {}", self.file.display(), super::sentence(&*error)).into()
        })
    }

    async fn write(
        &self,
        stores: &Stores,
        id: ApplicationId,
        out: impl Write + Send,
    ) -> Result<Written, Failure> {
        let mut meter = Meter::new("messages", None);
        let mut out = BufWriter::with_capacity(256 << 10, out);
        let tell = |so_far: Written| meter.at(so_far.messages, so_far.messages);
        let written = if self.gzip {
            let mut gzip = GzEncoder::new(&mut out, Compression::default());
            let written = export(stores, id, self.with_private, &mut gzip, tell).await?;
            gzip.finish()?;
            written
        } else {
            export(stores, id, self.with_private, &mut out, tell).await?
        };
        out.flush()?;
        Ok(written)
    }
}
