// SPDX-License-Identifier: Apache-2.0
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "data_folder.h"
#include "foundation.h"
#include "options.h"
#include "platform/platform.h"
#include "platform/win/event_log.h"

namespace vigil::service {
namespace {

Result<Programs> find_programs() {
  VIGIL_TRY_ASSIGN(const auto self, platform::current_program());
  Programs programs{self.parent_path() / L"vigil-dumper.exe", self.parent_path() / L"vigil.exe",
                    self};
  for (const auto& path : {programs.dumper, programs.analyzer}) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) {
      return Error{Errc::NotFound,
                   fmt::format("{} is missing; install Vigil again", utf8_from_path(path))};
    }
  }
  return programs;
}

}  // namespace

void say_without_log(const AgentOptions& options, std::string_view text) {
  if (options.console) fmt::print(stderr, "vigil-service: {}\n", text);
  constexpr std::uint32_t kStartFailedEvent = 400;
  auto log = platform::EventLog::open(kServiceName);
  // There is no place left to say that this failed.
  if (log.ok()) (void)log->report(platform::EventSeverity::Error, kStartFailedEvent, text);
}

Result<Foundation> lay_foundation(const AgentOptions& options) {
  Foundation foundation;
  foundation.paths.root = options.data_folder;
  if (options.data_folder.empty()) {
    VIGIL_TRY_ASSIGN(foundation.paths.root, platform::default_data_folder());
  }
  VIGIL_TRY(prepare_data_folder(foundation.paths));
  VIGIL_TRY_ASSIGN(foundation.lock, lock_data_folder(foundation.paths));
  // Without rights to write there the event viewer shows events without a text of ours; no reason
  // to stop.
  (void)platform::register_event_source(kServiceName);
  return foundation;
}

Result<store::Store> check_the_rest(Foundation& foundation, const AgentOptions& options) {
  VIGIL_TRY_ASSIGN(foundation.programs, find_programs());
  VIGIL_TRY(check_inbox_is_writable(foundation.paths));
  options.on_starting("data folder");
  return store::Store::open(foundation.paths.store_file(), store::OpenMode::Create);
}

}  // namespace vigil::service
