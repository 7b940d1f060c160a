// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <istream>
#include <sstream>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "yaml/check_text.h"
#include "yaml/parse_error.h"
#include "yaml/yaml.h"

namespace vigil::yaml {
namespace {

/// Ends yaml-cpp's work from inside one of its callbacks: an exception is the only way out of it.
/// The problem has been added already. Thrown and caught in this file.
class Stop : public std::exception {};

/// Builds the tree from yaml-cpp's events. Taking events and not its Node keeps positions of keys,
/// sees double keys and anchors, and can stop at a limit.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const Lines& lines, Problems& problems) : lines_(lines), problems_(problems) {}

  [[nodiscard]] Node take() && { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    const auto at = position(mark);
    const bool marked = lines_.line(at.line).starts_with("---");
    stop(at, marked ? "a second document begins here; one file holds one"
                    : "this does not belong to what stands above it; check the indentation");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add_leaf(mark, anchor, Node::Kind::Null, {}, {});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problems_.add(position(mark), "aliases ('*name') are not supported; write the value out");
    add_leaf(mark, 0, Node::Kind::Null, {}, {});
  }
  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    add_leaf(mark, anchor, Node::Kind::Text, tag, value);
  }
  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::List);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::Map);
  }
  void OnMapEnd() override { close(); }

 private:
  /// A list or map that is not yet complete.
  struct Open {
    Node node;
    bool expects_value = false;  ///< A map between a key and its value.
    bool drop_value = false;     ///< The key was no good.
    std::unordered_map<std::string, int> lines_of_keys;
  };

  [[nodiscard]] Position position(const YAML::Mark& mark) const {
    return lines_.position(mark.line + 1, mark.column);
  }

  [[noreturn]] void stop(Position at, std::string message) {
    problems_.add(at, std::move(message));
    throw Stop();
  }

  Node make(const YAML::Mark& mark,
            const std::string& tag,
            YAML::anchor_t anchor,
            Node::Kind kind) {
    Node node;
    node.kind = kind;
    node.at = position(mark);
    if (++nodes_ > kMaxNodes)
      stop(node.at, fmt::format("more than {} values, which is the limit of one file", kMaxNodes));
    if (anchor != 0)
      problems_.add(node.at, "anchors ('&name') are not supported; put a text in quotes");
    if (!tag.empty() && tag != "?" && tag != "!") {
      problems_.add(node.at,
                    fmt::format("tags ({}) are not supported; put a text in quotes", shown(tag)));
    }
    return node;
  }

  void add_leaf(const YAML::Mark& mark,
                YAML::anchor_t anchor,
                Node::Kind kind,
                const std::string& tag,
                const std::string& value) {
    Node node = make(mark, tag, anchor, kind);
    node.text = value;
    add(std::move(node));
  }

  void open(const YAML::Mark& mark,
            const std::string& tag,
            YAML::anchor_t anchor,
            Node::Kind kind) {
    Node node = make(mark, tag, anchor, kind);
    if (open_.size() == kMaxDepth)
      stop(node.at, fmt::format("nested deeper than {} levels", kMaxDepth));
    open_.push_back({.node = std::move(node), .lines_of_keys = {}});
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::List) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.expects_value) {
      parent.expects_value = true;
      parent.drop_value = !add_key(parent, std::move(node));
    } else {
      parent.expects_value = false;
      if (!parent.drop_value) parent.node.items.push_back(std::move(node));
    }
  }

  bool add_key(Open& parent, Node key) {
    if (key.kind != Node::Kind::Text) {
      problems_.add(key.at,
                    fmt::format("a key must be a text, and this one is {}", described(key)));
      return false;
    }
    const auto [first, fresh] = parent.lines_of_keys.emplace(key.text, key.at.line);
    if (!fresh) {
      problems_.add(key.at, fmt::format("key {} stands here twice, first in line {}",
                                        shown(key.text), first->second));
      return false;
    }
    parent.node.keys.push_back({std::move(key.text), key.at});
    return true;
  }

  const Lines& lines_;
  Problems& problems_;
  Node root_;
  std::vector<Open> open_;
  std::size_t nodes_ = 0;
  std::size_t documents_ = 0;
};

}  // namespace

std::optional<Node> parse(std::string_view text, Problems& problems) {
  text = without_bom(text);
  const Lines lines(text);
  if (!check_text(text, lines, problems)) return std::nullopt;
  // A quoted text that is still open at a last line's end would pass unnoticed; without that end it
  // does not.
  const auto last = text.find_last_not_of(" \t\r\n");
  std::istringstream stream(
      std::string(text.substr(0, last == std::string_view::npos ? 0 : last + 1)));
  TreeBuilder builder(lines, problems);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    auto [at, message] =
        explain_parse_error(error.msg, error.mark.line + 1, error.mark.column, lines);
    problems.add(at, std::move(message));
    return std::nullopt;
  }
  return std::move(builder).take();
}

}  // namespace vigil::yaml
