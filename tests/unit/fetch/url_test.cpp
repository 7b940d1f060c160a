// SPDX-License-Identifier: Apache-2.0
#include "fetch/url.h"

#include <gtest/gtest.h>

namespace vigil::fetch {
namespace {

TEST(Url, IsReadInItsParts) {
  const auto url = parse_url("HTTPS://Symbols.Example.com:8443/store/v1?x=1#part");
  ASSERT_TRUE(url.ok()) << url.error().message();
  EXPECT_TRUE(url->secure);
  EXPECT_EQ(url->host, "symbols.example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/store/v1?x=1");
  EXPECT_EQ(url->text(), "https://symbols.example.com:8443/store/v1?x=1");
}

TEST(Url, HasThePortOfItsSchemeAndARootPath) {
  EXPECT_EQ(parse_url("https://example.com")->port, 443);
  EXPECT_EQ(parse_url("http://example.com")->port, 80);
  EXPECT_EQ(parse_url("https://example.com")->text(), "https://example.com/");
  EXPECT_EQ(parse_url("http://[::1]:8080/a")->text(), "http://[::1]:8080/a");
}

TEST(Url, RefusesWhatIsNone) {
  for (const auto* text :
       {"", "https://", "ftp://example.com/", "file:///etc/passwd", "example.com", "https://a b/",
        "https://user@example.com/", "https://user:word@example.com/", "https://example.com:x/",
        "https://example.com:70000/", "https://example.com:/", "https://exa\nmple.com/",
        "https://[::1/", "https://[::1]x/", "https:///path", "https://example.com\\@other/"}) {
    EXPECT_FALSE(parse_url(text).ok()) << text;
  }
}

TEST(Url, KnowsThisMachine) {
  for (const auto* text :
       {"http://127.0.0.1/", "http://127.9.9.9:1/", "http://LOCALHOST/", "http://[::1]/"}) {
    EXPECT_TRUE(is_loopback(*parse_url(text))) << text;
  }
  for (const auto* text : {"http://127.0.0.1.example.com/", "http://localhost.example.com/",
                           "http://10.0.0.1/", "http://[::2]/"}) {
    EXPECT_FALSE(is_loopback(*parse_url(text))) << text;
  }
}

TEST(Url, FollowsRedirectsOfAllShapes) {
  const auto base = *parse_url("https://a.example/x/y?q=1");
  EXPECT_EQ(resolve_redirect(base, "https://b.example/z")->text(), "https://b.example/z");
  EXPECT_EQ(resolve_redirect(base, "//b.example/z")->text(), "https://b.example/z");
  EXPECT_EQ(resolve_redirect(base, "/z?r=2")->text(), "https://a.example/z?r=2");
  EXPECT_EQ(resolve_redirect(base, "z")->text(), "https://a.example/x/z");
  EXPECT_EQ(resolve_redirect(base, "/z?to=http://c.example/")->text(),
            "https://a.example/z?to=http://c.example/");
  EXPECT_FALSE(resolve_redirect(base, "javascript://x").ok());
}

TEST(Url, EscapesWhatIsNotPlain) {
  EXPECT_EQ(escape("orders-1.2_x~.pdb"), "orders-1.2_x~.pdb");
  EXPECT_EQ(escape("c++ #1?%.pdb"), "c%2B%2B%20%231%3F%25.pdb");
  EXPECT_EQ(escape("gr\xc3\xbc.pdb"), "gr%C3%BC.pdb");
  EXPECT_EQ(below("https://example.com/store//", "a/b"), "https://example.com/store/a/b");
}

}  // namespace
}  // namespace vigil::fetch
