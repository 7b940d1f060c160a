// SPDX-License-Identifier: Apache-2.0
#include "cmd_show.h"
#include "minidump/win/live.h"
