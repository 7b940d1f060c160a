// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "fetch/fetch.h"
#include "output.h"

namespace vigil::cli {
namespace {

constexpr std::size_t kMaxInputBytes = std::size_t{1} << 20;

struct Message {
  std::string url, body;
};

Result<Message> read_message() {
  std::string text;
  char chunk[4096];
  for (std::size_t length = 0; (length = std::fread(chunk, 1, sizeof(chunk), stdin)) != 0;) {
    text.append(chunk, length);
    if (text.size() > kMaxInputBytes)
      return Error{Errc::LimitExceeded, "the message is longer than 1 MiB"};
  }
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("url") || !json["url"].is_string() ||
      !json.contains("body") || !json["body"].is_string()) {
    return Error{Errc::Malformed, "deliver reads {\"url\": …, \"body\": …} from its input"};
  }
  return Message{json["url"], json["body"]};
}

/// Without what stands before and behind the host, which is often a secret.
std::string shown(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return "the server";
  const auto begin = scheme + 3;
  auto host = url.substr(begin, url.find_first_of("/?#\\", begin) - begin);
  host.erase(0, host.rfind('@') + 1);  // npos + 1 is 0
  return url.substr(0, begin) + host;
}

Status deliver(const Message& message) {
  using namespace std::chrono_literals;
  VIGIL_TRY_ASSIGN(const auto client,
                   fetch::make_http_client({.connect = 10s, .idle = 20s, .whole = 30s}));
  const auto answer = client->post(message.url, message.body, {});
  // The client's words have the whole URL.
  if (!answer.ok()) {
    const auto& words = answer.error().message();
    if (!words.starts_with(message.url)) return Error{Errc::Malformed, "that is no URL to send to"};
    return Error{Errc::Io, shown(message.url) + words.substr(message.url.size())};
  }
  constexpr int kGood = 200, kRedirect = 300;
  if (answer->status >= kGood && answer->status < kRedirect) return {};
  return Error{Errc::Io, fmt::format("{} answered {}", shown(message.url), answer->status)};
}

}  // namespace

ExitCode run_deliver(const Context& /*context*/) {
  const auto message = read_message();
  if (!message.ok()) return usage_error(message.error().message());
  if (const auto done = deliver(*message); !done.ok()) return report_error(done.error());
  print(fmt::format("{} took it\n", shown(message->url)));
  return ExitCode::Ok;
}

}  // namespace vigil::cli
