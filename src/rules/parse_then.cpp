// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <string>

#include <fmt/format.h>

#include "rules/grammar.h"

namespace vigil::rules {
namespace {

using namespace std::chrono_literals;
using yaml::Node;
using yaml::Problems;

constexpr std::size_t kMaxUrlBytes = 2048, kMaxPathBytes = 1024, kMaxArgumentBytes = 1024;
constexpr std::size_t kMaxArguments = 32;
constexpr yaml::Range<Microseconds> kRetry{Microseconds(0), 24h * 7};
constexpr yaml::Range<Microseconds> kRestartTimeout{1s, 10min};
constexpr yaml::Range<Microseconds> kRunTimeout{1s, 1h};

void read_url(const Node& node, Action& action, Problems& problems) {
  auto url = yaml::read_text(node, "a URL", kMaxUrlBytes, problems);
  if (!url) return;
  const auto host = url->find("://");
  const bool known = url->starts_with("https://") || url->starts_with("http://");
  const auto is_plain = [](char c) {
    return c > ' ' && c < '\x7f' &&
           std::string_view("{}|\\^\"<>`").find(c) == std::string_view::npos;
  };
  const auto server = std::string_view(*url).substr(0, url->find('/', host + 3));
  if (!known || server.size() == host + 3 || server.find('@') != std::string_view::npos ||
      !std::ranges::all_of(*url, is_plain)) {
    // Not shown: what stands there is often a secret, and this goes into the log.
    problems.add(node.at, "this is no URL; write it as https://hooks.example.com/vigil");
    return;
  }
  action.target = std::move(*url);
}

void read_program(const Node& node, Action& action, Problems& problems) {
  auto path = yaml::read_text(node, "a path", kMaxPathBytes, problems);
  if (!path) return;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  constexpr std::size_t kRoot = 3;  // `C:\`
  const bool absolute = path->size() > kRoot && is_letter((*path)[0]) && (*path)[1] == ':' &&
                        ((*path)[2] == '\\' || (*path)[2] == '/');
  if (!absolute || !path->ends_with(".exe")) {
    problems.add(node.at, fmt::format("{} is no full path of a program, such as C:\\ops\\page.exe; "
                                      "a script is an argument of what runs it",
                                      yaml::shown(*path)));
    return;
  }
  action.target = std::move(*path);
}

/// What may stand in braces in an argument.
constexpr std::string_view kPlaceholders[] = {"{id}",   "{process}",   "{pid}",      "{rule}",
                                              "{kind}", "{signature}", "{synopsis}", "{dump}"};

/// A word in braces that nothing is filled in for is a typing error.
void check_placeholders(const Node& node, std::string_view text, Problems& problems) {
  for (auto open = text.find('{'); open != std::string_view::npos;
       open = text.find('{', open + 1)) {
    auto close = open + 1;
    while (close < text.size() && text[close] >= 'a' && text[close] <= 'z') ++close;
    if (close == text.size() || text[close] != '}' || close == open + 1) continue;
    const auto word = text.substr(open, close + 1 - open);
    if (std::ranges::find(kPlaceholders, word) != std::end(kPlaceholders)) continue;
    problems.add(node.at, fmt::format("unknown {}; an argument may have {}", yaml::shown(word),
                                      yaml::join_names(kPlaceholders)));
  }
}

void read_arguments(const Node& node, Action& action, Problems& problems) {
  if (node.kind != Node::Kind::List) {
    problems.add(node.at,
                 fmt::format("expected a list of arguments, found {}", yaml::described(node)));
    return;
  }
  if (node.items.size() > kMaxArguments) {
    problems.add(node.at, fmt::format("{} arguments, and the limit is {}", node.items.size(),
                                      kMaxArguments));
    return;
  }
  for (const auto& item : node.items) {
    auto text = yaml::read_text(item, "an argument", kMaxArgumentBytes, problems);
    if (!text) continue;
    check_placeholders(item, *text, problems);
    action.arguments.push_back(std::move(*text));
  }
}

template <const yaml::Range<Microseconds>& kRange>
void read_timeout(const Node& node, Action& action, Problems& problems) {
  if (const auto time = yaml::read_duration(node, kRange, problems)) action.timeout = *time;
}

constexpr yaml::Field<Action> kWebhookFields[] = {{"url", read_url},
                                                  {"retry", read_timeout<kRetry>}};
constexpr yaml::Field<Action> kRestartFields[] = {{"timeout", read_timeout<kRestartTimeout>}};
constexpr yaml::Field<Action> kRunFields[] = {{"program", read_program},
                                              {"arguments", read_arguments},
                                              {"timeout", read_timeout<kRunTimeout>}};

void require(const Node& node, std::string_view key, std::string_view what, Problems& problems) {
  if (node.kind == Node::Kind::Map && node.find(key) == nullptr)
    problems.add(node.at, fmt::format("'{}' lacks {}", what, key));
}

void read_webhook(const Node& node, std::vector<Action>& actions, Problems& problems) {
  auto& action = actions.emplace_back();
  action.kind = Action::Kind::Webhook;
  action.timeout = 24h;
  if (node.kind == Node::Kind::Text) return read_url(node, action, problems);
  yaml::read_map(node, kWebhookFields, action, problems);
  require(node, "url", "webhook", problems);
}

void read_restart(const Node& node, std::vector<Action>& actions, Problems& problems) {
  auto& action = actions.emplace_back();
  action.kind = Action::Kind::Restart;
  action.timeout = 30s;
  if (node.kind == Node::Kind::Text && node.text == "service") return;
  if (node.kind == Node::Kind::Text) {
    problems.add(node.at, fmt::format("'restart' takes 'service' or {{ timeout: 30s }}, found {}",
                                      yaml::shown(node.text)));
    return;
  }
  yaml::read_map(node, kRestartFields, action, problems);
}

void read_run(const Node& node, std::vector<Action>& actions, Problems& problems) {
  auto& action = actions.emplace_back();
  action.kind = Action::Kind::Run;
  action.timeout = 1min;
  yaml::read_map(node, kRunFields, action, problems);
  require(node, "program", "run", problems);
}

constexpr yaml::Field<std::vector<Action>> kFields[] = {
    {"webhook", read_webhook}, {"restart", read_restart}, {"run", read_run}};

}  // namespace

std::string_view to_string(Action::Kind kind) noexcept {
  switch (kind) {
    case Action::Kind::Webhook: return "webhook";
    case Action::Kind::Restart: return "restart";
    case Action::Kind::Run: return "run";
  }
  return "webhook";
}

void read_then(const yaml::Node& node, std::vector<Action>& actions, yaml::Problems& problems) {
  yaml::read_map(node, kFields, actions, problems);
}

}  // namespace vigil::rules
