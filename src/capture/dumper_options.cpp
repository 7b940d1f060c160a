// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <chrono>
#include <concepts>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "capture/capture.h"

namespace vigil::capture {
namespace {

using Mode = DumperOptions::Mode;
using rules::DumpKind;

Error usage_error(std::string message) {
  return {Errc::Malformed, std::move(message)};
}

template <std::integral Int>
std::optional<Int> number_from(std::string_view text, int base = 10) {
  Int value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// An exit code as people write it: 3, 0xc0000005 or -1073741819.
std::optional<std::uint32_t> exit_code_from(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X"))
    return number_from<std::uint32_t>(text.substr(2), 16);
  if (!text.starts_with('-')) return number_from<std::uint32_t>(text);
  const auto magnitude = number_from<std::uint32_t>(text.substr(1));
  if (!magnitude || *magnitude > 0x8000'0000) return std::nullopt;
  return 0u - *magnitude;
}

/// Reads the arguments one after the other. It does not own them.
class Parser {
 public:
  explicit Parser(const std::vector<std::string>& args) : args_(args) {}

  Result<DumperOptions> run() {
    while (next_ < args_.size()) VIGIL_TRY(option(args_[next_++]));
    VIGIL_TRY(check());
    return std::move(options_);
  }

 private:
  Status option(const std::string& name) {
    if (name == "--pid") return target(Mode::Once, name);
    if (name == "--attach") return target(Mode::Attach, name);
    if (name == "--jit") return jit();
    if (name == "--pack") return pack();
    if (name == "--written") return time(name, options_.written);
    if (name == "--kind") return kind();
    if (name == "--custom") return custom();
    if (name == "--writer") return writer();
    if (name == "--suspend") return suspend();
    if (name == "--inbox") return path(name, options_.inbox);
    if (name == "--output") return path(name, options_.output);
    if (name == "--rules") return path(name, options_.rules_folder);
    if (name == "--rule") return text(name, options_.rule);
    if (name == "--reason") return text(name, options_.reason);
    if (name == "--occasion") return occasion();
    if (name == "--supervised") return set(options_.supervised, true);
    if (name == "--exit-code") return code_into(name, options_.exit_codes);
    if (name == "--process-start") return time(name, options_.process_start);
    if (name == "--min-free-disk") return min_free_disk();
    if (name == "--plain") return set(options_.compress, false);
    if (name == "--no-exit-trap") return set(options_.exit_trap, false);
    if (name == "--exception") return code_into(name, options_.exceptions);
    if (name == "--exception-text") return exception_text();
    if (name == "--module") return pattern_into(name, options_.modules);
    if (name == "--thread-end") return code_into(name, options_.thread_ends);
    if (name == "--thread-start") return pattern_into(name, options_.thread_starts);
    if (name == "--any-exit-code") return set(options_.any_exit_code, true);
    return usage_error(fmt::format("'{}' is not an option of vigil-dumper; see --help", name));
  }

  static Status set(bool& flag, bool value) {
    flag = value;
    return {};
  }

  Result<std::string> value(const std::string& name) {
    if (next_ >= args_.size()) return usage_error(fmt::format("{} needs a value", name));
    return args_[next_++];
  }

  Status text(const std::string& name, std::string& out) {
    VIGIL_TRY_ASSIGN(out, value(name));
    return {};
  }

  Status path(const std::string& name, std::filesystem::path& out) {
    VIGIL_TRY_ASSIGN(const auto given, value(name));
    if (given.empty()) return usage_error(fmt::format("{} needs a path that is not empty", name));
    out = path_from_utf8(given);
    return {};
  }

  Status process_id(const std::string& name) {
    VIGIL_TRY_ASSIGN(const auto given, value(name));
    const auto pid = number_from<std::uint32_t>(given);
    if (!pid || *pid == 0)
      return usage_error(fmt::format("{} needs a process id, not '{}'", name, given));
    options_.pid = {*pid};
    return {};
  }

  Status set_mode(Mode mode) {
    if (mode_given_)
      return usage_error("only one of --pid, --attach, --jit and --pack can be given");
    mode_given_ = true;
    options_.mode = mode;
    return {};
  }

  Status target(Mode mode, const std::string& name) {
    VIGIL_TRY(set_mode(mode));
    return process_id(name);
  }

  Status pack() {
    VIGIL_TRY(set_mode(Mode::Pack));
    return path("--pack", options_.source);
  }

  Status jit() {
    VIGIL_TRY(target(Mode::Jit, "--jit"));
    VIGIL_TRY_ASSIGN(const auto event, value("--jit PID"));
    const auto handle = number_from<std::uint64_t>(event);
    if (!handle)
      return usage_error(fmt::format("--jit PID needs an event handle, not '{}'", event));
    options_.jit_event = *handle;
    if (next_ == args_.size() || args_[next_].starts_with("--")) return {};
    VIGIL_TRY_ASSIGN(const auto info, value("--jit PID EVENT"));
    std::string_view digits = info;
    if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
    const auto address = number_from<std::uint64_t>(digits, 16);
    if (!address)
      return usage_error(
          fmt::format("--jit PID EVENT needs a hexadecimal address, not '{}'", info));
    options_.jit_info = *address;
    return {};
  }

  Status kind() {
    VIGIL_TRY_ASSIGN(const auto given, value("--kind"));
    const auto dump = rules::dump_kind_from(given);
    if (!dump) {
      return usage_error(fmt::format(
          "--kind needs none, triage, mini, miniplus, custom or full, not '{}'", given));
    }
    options_.dump = *dump;
    return {};
  }

  Status custom() {
    VIGIL_TRY_ASSIGN(const auto given, value("--custom"));
    auto mask = rules::parse_minidump_type(given);
    if (!mask.ok()) return usage_error("--custom: " + mask.error().message());
    options_.manner.custom |= *mask;
    return {};
  }

  Status writer() {
    VIGIL_TRY_ASSIGN(const auto given, value("--writer"));
    const auto found = rules::writer_from(given);
    if (!found)
      return usage_error(fmt::format("--writer needs native or dbghelp, not '{}'", given));
    options_.manner.writer = *found;
    return {};
  }

  Status suspend() {
    VIGIL_TRY_ASSIGN(const auto given, value("--suspend"));
    const auto ms = number_from<std::uint32_t>(given);
    if (!ms || *ms == 0)
      return usage_error(fmt::format("--suspend needs a number of milliseconds, not '{}'", given));
    options_.manner.suspend = std::chrono::milliseconds(*ms);
    return {};
  }

  Status occasion() {
    VIGIL_TRY_ASSIGN(const auto given, value("--occasion"));
    const auto kind = store::kind_from(given);
    if (!kind || store::is_death(*kind)) {
      return usage_error(fmt::format(
          "--occasion needs manual, cpu, memory, handles, threads, counter or hang, not '{}'",
          given));
    }
    options_.occasion = *kind;
    return {};
  }

  Status code_into(const std::string& name, std::vector<std::uint32_t>& codes) {
    VIGIL_TRY_ASSIGN(const auto given, value(name));
    const auto code = exit_code_from(given);
    if (!code)
      return usage_error(fmt::format("{} needs a number of 32 bits, not '{}'", name, given));
    codes.push_back(*code);
    return {};
  }

  /// `0xe06d7363,0x40010006=*timeout*`
  Status exception_text() {
    VIGIL_TRY_ASSIGN(const auto given, value("--exception-text"));
    const auto equals = given.find('=');
    if (equals == std::string::npos || equals + 1 == given.size())
      return usage_error(fmt::format("--exception-text needs CODES=PATTERN, not '{}'", given));
    ExceptionWatch watch{.text = given.substr(equals + 1)};
    std::string_view codes = std::string_view(given).substr(0, equals);
    while (!codes.empty()) {
      const auto comma = codes.find(',');
      const auto code = exit_code_from(codes.substr(0, comma));
      if (!code)
        return usage_error(fmt::format("--exception-text needs CODES=PATTERN, not '{}'", given));
      watch.codes.push_back(*code);
      codes = comma == std::string_view::npos ? std::string_view() : codes.substr(comma + 1);
    }
    options_.exception_texts.push_back(std::move(watch));
    return {};
  }

  Status pattern_into(const std::string& name, std::vector<std::string>& patterns) {
    VIGIL_TRY_ASSIGN(auto given, value(name));
    if (given.empty())
      return usage_error(fmt::format("{} needs a pattern that is not empty", name));
    patterns.push_back(std::move(given));
    return {};
  }

  Status time(const std::string& name, std::optional<Timestamp>& out) {
    VIGIL_TRY_ASSIGN(const auto given, value(name));
    const auto us = number_from<std::int64_t>(given);
    if (!us)
      return usage_error(fmt::format("{} needs microseconds since 1970, not '{}'", name, given));
    out = Timestamp{*us};
    return {};
  }

  Status min_free_disk() {
    VIGIL_TRY_ASSIGN(const auto given, value("--min-free-disk"));
    const auto bytes = number_from<std::uint64_t>(given);
    if (!bytes)
      return usage_error(fmt::format("--min-free-disk needs a number of bytes, not '{}'", given));
    options_.min_free_disk_bytes = *bytes;
    return {};
  }

  [[nodiscard]] Status check() const {
    if (!mode_given_)
      return usage_error("one of --pid, --attach, --jit and --pack is needed; see --help");
    if (options_.mode == Mode::Pack) return check_pack();
    const bool once = options_.mode == Mode::Once;
    if (once && options_.dump == DumpKind::None)
      return usage_error("--pid needs a --kind other than none");
    if (const auto possible = rules::check_manner(options_.dump, options_.manner); !possible.ok())
      return usage_error(possible.error().message());
    if (once && options_.inbox.empty() == options_.output.empty()) {
      return usage_error("--pid needs one of --output and --inbox");
    }
    if (!once && !options_.output.empty()) return usage_error("--output goes with --pid only");
    if (!once && (options_.supervised || !options_.reason.empty() ||
                  options_.occasion != store::Kind::Manual)) {
      return usage_error("--supervised, --reason and --occasion go with --pid only");
    }
    if (options_.mode == Mode::Attach && options_.inbox.empty())
      return usage_error("--attach needs --inbox");
    return {};
  }

  [[nodiscard]] Status check_pack() const {
    if (options_.output.empty()) return usage_error("--pack needs --output");
    DumperOptions rest;
    rest.mode = Mode::Pack;
    rest.source = options_.source;
    rest.written = options_.written;
    rest.output = options_.output;
    rest.supervised = options_.supervised;
    rest.min_free_disk_bytes = options_.min_free_disk_bytes;
    if (options_ != rest)
      return usage_error(
          "only --output, --written, --supervised and --min-free-disk go with --pack");
    return {};
  }

  const std::vector<std::string>& args_;
  std::size_t next_ = 0;
  bool mode_given_ = false;
  DumperOptions options_;
};

}  // namespace

Result<DumperOptions> parse_command_line(const std::vector<std::string>& args) {
  return Parser(args).run();
}

}  // namespace vigil::capture
