// SPDX-License-Identifier: Apache-2.0
#include "base/utf.h"
#include "eventlog/eventlog.h"

namespace vigil::eventlog {
namespace {

constexpr std::size_t kMaxName = 260;
constexpr std::size_t kMaxException = 1024;

std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  auto line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view after(std::string_view line, std::string_view label) {
  if (!line.starts_with(label)) return {};
  line.remove_prefix(label.size());
  while (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

std::string shortened(std::string_view text, std::size_t limit) {
  return printable_utf8(text.substr(0, limit));
}

}  // namespace

DotnetText parse_dotnet_text(std::string_view text) {
  DotnetText found;
  std::string_view description;
  for (bool first = true; !text.empty(); first = false) {
    const auto line = next_line(text);
    // The label of the first line is translated, the name behind it is not.
    const auto colon = line.find(": ");
    if (first && colon != std::string_view::npos) {
      found.process = shortened(windows_file_name(line.substr(colon + 2)), kMaxName);
    }
    for (const std::string_view label : {"Exception Info:", "Message:"}) {
      const auto value = after(line, label);
      if (!value.empty() && found.exception.empty())
        found.exception = shortened(value, kMaxException);
    }
    if (description.empty()) description = after(line, "Description:");
  }
  if (found.exception.empty()) found.exception = shortened(description, kMaxException);
  return found;
}

}  // namespace vigil::eventlog
