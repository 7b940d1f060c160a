// SPDX-License-Identifier: Apache-2.0
#include "output.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "analyze.h"
#include "base/utf.h"
#include "console.h"

namespace vigil::cli {

void print(std::string_view text) {
  // What cannot be written makes the stream's error flag stay, and run() looks at that at the end.
  (void)write_text(stdout, text);
}

void say(std::string_view text) {
  // When even standard error is gone there is nobody left to tell.
  (void)write_text(stderr, text);
}

ExitCode report_error(const Error& error) {
  say(fmt::format("vigil: {}\n", printable_utf8(error.message())));
  return exit_code_for(error.code());
}

ExitCode report_internal_error(std::string_view what, const std::vector<std::string>& args) {
  const Error error{Errc::Internal, fmt::format("internal error: {}", what)};
  const bool json = std::ranges::any_of(args, [](const std::string& arg) {
    return arg == "--json" || arg.starts_with("--dump-handle");
  });
  if (json) print(error_json(error) + "\n");
  return report_error(error);
}

ExitCode usage_error(std::string_view message) {
  say(fmt::format("vigil: {}\n", printable_utf8(message)));
  return ExitCode::Usage;
}

void print_json(const nlohmann::ordered_json& value) {
  constexpr int kIndent = 2;
  print(value.dump(kIndent, ' ', true, nlohmann::json::error_handler_t::replace) + "\n");
}

std::string format_time(const Context& context, Timestamp time) {
  if (!context.utc) return format_local(time);
  const auto iso = format_utc(time);
  return iso.substr(0, 10) + " " + iso.substr(11, 8) + "Z";
}

std::string bold(const Context& context, std::string_view text) {
  return context.color ? fmt::format("\x1b[1m{}\x1b[0m", text) : std::string(text);
}

}  // namespace vigil::cli
