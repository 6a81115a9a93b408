//! Pictures that are made to fill the memory, or to be worked on without end: each is a line of the report, and the
//! issue goes out with the honest ones.

use std::process::Command;

use super::*;

/// The head of a PNG that claims a size, of a whole one's bytes.
fn claiming(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = picture(10, 10, ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = flate_crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// The checksum of PNG's chunks (RFC 2083, appendix).
fn flate_crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// A JPEG that is walked over so many times, each pass a few bytes.
fn in_passes(passes: usize) -> Vec<u8> {
    let mut bytes =
        b"\xff\xd8\xff\xc2\0\x11\x08\x0b\xb8\x0f\xa0\x03\x01\x22\0\x02\x11\x01\x03\x11\x01"
            .to_vec();
    for _ in 0..passes {
        bytes.extend(b"\xff\xda\0\x08\x01\x01\0\x01\x3f\0\0\0");
    }
    bytes.extend(b"\xff\xd9");
    bytes
}

#[test]
fn pictures_of_a_stranger_that_would_fill_the_memory_stop_nothing() {
    let server = HttpServer::start();
    let webp = [
        &b"RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x08\0\0\0\x09\0\0\x09\0\0EXIF\xf0\xff\xff\xff"[..],
        b"abcd",
    ]
    .concat();
    let bad = [
        ("/wide.png", claiming(40_000_000, 1)),
        ("/huge.png", claiming(19_000, 19_000)),
        ("/passes.jpg", in_passes(5_000)),
        ("/part.webp", webp),
        (
            "/cut.jpg",
            picture(600, 400, ImageFormat::Jpeg)[..300].to_vec(),
        ),
    ];
    let said = [
        "a side of it has 40000000 pixels",
        "19000 × 19000 pixels",
        "a JPEG in 84 passes or more",
        "it ends too early",
    ];
    let item = |at: usize, path: &str| {
        format!(
            "<item><title>Bericht {at}</title><link>https://blog.example/{at}</link>\
             <description>Woorden genoeg om te lezen.</description>\
             <media:content url=\"{}\" medium=\"image\"/></item>",
            server.url(path)
        )
    };
    let mut items = item(0, "/good.png");
    for (at, (path, bytes)) in bad.iter().enumerate() {
        items.push_str(&item(at + 1, path));
        server.on(path, Answer::ok("image/png", bytes.clone()));
    }
    let good = picture(1600, 800, ImageFormat::Png);
    server.on("/good.png", Answer::ok("image/png", good));
    let feed = format!(
        "<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel><title>Blog</title>\
         <link>https://blog.example/</link><description>x</description>{items}</channel></rss>"
    );
    server.on("/feed", Answer::ok("application/rss+xml", feed));
    let newsletter = elsewhere::following(&server);
    let ended = newsletter.expect(&["run"], 0);
    for words in said {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    assert_eq!(newsletter.mailbox().len(), 1);
    let mail = unfolded(&newsletter.mailbox()[0]);
    assert_eq!(mail.matches("<img").count(), 1, "{mail}");
}

#[test]
fn what_is_no_picture_beside_a_post_is_not_read() {
    let newsletter = newsletter();
    let text = "# Foto’s\n\n![Gaten](gaten.png)\n\n![Pijp](pijp.png)\n\n![Nul](nul.png)\n\n![Goed](goed.png)\n\nWoorden genoeg.\n";
    newsletter.write("posts/eerste.md", text);
    // Three gigabytes that take no room on the disk.
    let holes = fs::File::create(newsletter.path("posts/gaten.png")).unwrap();
    holes.set_len(3_000_000_000).unwrap();
    let pipe = newsletter.path("posts/pijp.png");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", newsletter.path("posts/nul.png")).unwrap();
    let good = picture(600, 400, ImageFormat::Png);
    fs::write(newsletter.path("posts/goed.png"), good).unwrap();
    let ended = newsletter.expect(&["run"], 0);
    for words in [
        "the picture `gaten.png` has 3000 MB, and 10 MB is the most that is read",
        "the picture `pijp.png` is not there",
        "the picture `nul.png` is not there",
    ] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    let mail = unfolded(&newsletter.mailbox()[0]);
    assert!(mail.contains("alt=\"Goed\""), "{mail}");
    let page = newsletter.read("state/public/posts/eerste/index.html");
    assert!(!page.contains("gaten"), "{page}");
}
