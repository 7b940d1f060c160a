// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "platform/win/handle.h"
#include "settings/settings.h"

namespace vigil::service {

/// Creates the data folder and what is in it, each with who may touch it. Where there are no
/// settings this is a new installation: then it writes the commented default settings, and the
/// default rules if they are not there either.
[[nodiscard]] Status prepare_data_folder(const settings::DataPaths& paths);

/// Holds the data folder for this process; Errc::Busy while another one has it. A file in a folder
/// of the administrators, not a named mutex: anybody could take the name of that first.
[[nodiscard]] Result<platform::FileHandle> lock_data_folder(const settings::DataPaths& paths);

/// Errc::… when no file can be made in the inbox.
[[nodiscard]] Status check_inbox_is_writable(const settings::DataPaths& paths);

}  // namespace vigil::service
