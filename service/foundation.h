// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include <spdlog/logger.h>

#include "agent.h"
#include "base/result.h"
#include "platform/win/handle.h"
#include "settings/settings.h"
#include "store/store.h"

namespace vigil::service {

/// Those that this one starts; they lie beside it.
struct Programs {
  std::filesystem::path dumper, analyzer;
  std::filesystem::path service;  ///< This one.
};

/// What the agent is made of once everything that can be refused has been checked.
struct Foundation {
  settings::DataPaths paths;
  settings::Settings settings;
  Programs programs;
  platform::FileHandle lock;
  std::unique_ptr<spdlog::logger> log;
};

/// The data folder, made and locked. There is no log yet.
[[nodiscard]] Result<Foundation> lay_foundation(const AgentOptions& options);

/// The rest of what has to be there, now that there is a log to say what is not.
[[nodiscard]] Result<store::Store> check_the_rest(Foundation& foundation,
                                                  const AgentOptions& options);

/// For failures before there is a log.
void say_without_log(const AgentOptions& options, std::string_view text);

}  // namespace vigil::service
