// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <windows.h>

// excpt.h, which windows.h brings, makes a macro of the name of one of our fields. Every file here
// takes windows.h from this header, before any of ours.
#undef exception_code
