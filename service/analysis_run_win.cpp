// SPDX-License-Identifier: Apache-2.0
#include "analysis_run.h"

#include <utility>

#include <fmt/format.h>
#include <windows.h>

#include "base/utf.h"
#include "platform/win/sandbox.h"
#include "platform/win/win_error.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

Result<platform::FileHandle> open_dump(const std::filesystem::path& path) {
  SECURITY_ATTRIBUTES inheritable{sizeof(inheritable), nullptr, TRUE};
  platform::FileHandle file(::CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ, &inheritable,
                                          OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file) return platform::from_last_error(fmt::format("cannot open {}", utf8_from_path(path)));
  return file;
}

}  // namespace

Result<std::unique_ptr<LimitedRun>> start_analysis(
    asio::io_context& io,
    const std::filesystem::path& vigil,
    const std::filesystem::path& dump,
    const std::vector<std::filesystem::path>& samples,
    const std::vector<std::string>& symbol_paths,
    const RunLimits& limits) {
  VIGIL_TRY_ASSIGN(const auto token, platform::create_sandbox_token());
  VIGIL_TRY_ASSIGN(const auto file, open_dump(dump));
  std::vector<platform::FileHandle> opened;
  for (const auto& sample : samples) {
    // The dump is worth a report without it, which says how many there were.
    if (auto one = open_dump(sample); one.ok()) opened.push_back(std::move(one).take());
  }
  VIGIL_TRY_ASSIGN(auto job, platform::create_sandbox_job({.memory_bytes = limits.memory_bytes,
                                                           .cpu_time = limits.wall_time}));
  platform::ChildOptions options;
  options.program = vigil;
  options.arguments = {
      "analyze",        "--json",
      "--dump-handle",  std::to_string(reinterpret_cast<std::uintptr_t>(file.get())),
      "--dump-name",    utf8_from_path(dump.filename()),
      "--symbol-cache", "none"};
  for (const auto& path : symbol_paths) {
    options.arguments.emplace_back("--symbols");
    options.arguments.push_back(path);
  }
  options.inherited = {file.get()};
  for (const auto& sample : opened) {
    options.arguments.emplace_back("--sample-handle");
    options.arguments.push_back(std::to_string(reinterpret_cast<std::uintptr_t>(sample.get())));
    options.inherited.push_back(sample.get());
  }
  options.token = token.get();
  options.hardened = true;
  return LimitedRun::start(io, "the analyzer", std::move(options), std::move(job), limits);
}

Result<std::unique_ptr<LimitedRun>> start_fetch(asio::io_context& io,
                                                const std::filesystem::path& vigil,
                                                const std::filesystem::path& report,
                                                const std::string& symbol_path,
                                                const std::filesystem::path& folder,
                                                const RunLimits& limits) {
  VIGIL_TRY_ASSIGN(auto job, platform::create_sandbox_job({.memory_bytes = limits.memory_bytes,
                                                           .cpu_time = limits.wall_time}));
  platform::ChildOptions options;
  options.program = vigil;
  options.arguments = {"symbols",   "fetch",    utf8_from_path(report), "--json", "--symbols",
                       symbol_path, "--output", utf8_from_path(folder)};
  return LimitedRun::start(io, "the download", std::move(options), std::move(job), limits);
}

}  // namespace vigil::service
