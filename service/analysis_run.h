// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/result.h"
#include "limited_run.h"

namespace vigil::service {

/// Analyzes \p dump by \p vigil in the sandbox. It is opened for reading here; the analyzer gets
/// the handle and those of \p samples, further dumps of the same process, and nothing else, and
/// looks for symbols along \p symbol_paths. Every failure to make the sandbox is an error: nothing
/// is analyzed outside of one.
[[nodiscard]] Result<std::unique_ptr<LimitedRun>> start_analysis(
    boost::asio::io_context& io,
    const std::filesystem::path& vigil,
    const std::filesystem::path& dump,
    const std::vector<std::filesystem::path>& samples,
    const std::vector<std::string>& symbol_paths,
    const RunLimits& limits);

/// Fetches what \p report, a file that this program wrote, lacks of symbols, by the servers of
/// \p symbol_path into the store \p folder. Outside of the sandbox, which has no network and could
/// write nothing: it reads no dump, and checks what comes.
[[nodiscard]] Result<std::unique_ptr<LimitedRun>> start_fetch(boost::asio::io_context& io,
                                                              const std::filesystem::path& vigil,
                                                              const std::filesystem::path& report,
                                                              const std::string& symbol_path,
                                                              const std::filesystem::path& folder,
                                                              const RunLimits& limits);

}  // namespace vigil::service
