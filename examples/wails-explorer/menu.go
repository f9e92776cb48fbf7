package main

import (
	goruntime "runtime"

	"github.com/wailsapp/wails/v2/pkg/menu"
	"github.com/wailsapp/wails/v2/pkg/menu/keys"
	"github.com/wailsapp/wails/v2/pkg/runtime"
)

// menu is built once: Wails 2.11 cannot change a menu on Linux, so recent files are on the start page.
func (a *app) menu() *menu.Menu {
	whole := menu.NewMenu()
	if goruntime.GOOS == "darwin" {
		whole.Append(menu.AppMenu())
		whole.Append(menu.EditMenu())
	}
	file := whole.AddSubmenu("File")
	add := func(to *menu.Menu, label string, key *keys.Accelerator, do func()) {
		to.AddText(label, key, func(*menu.CallbackData) { go do() })
	}
	both := func(key string) *keys.Accelerator { return keys.Combo(key, keys.CmdOrCtrlKey, keys.ShiftKey) }
	add(file, "Open File…", keys.CmdOrCtrl("o"), a.askForFiles)
	add(file, "Open Folder…", both("o"), a.askForFolder)
	add(file, "Connect to Server…", keys.CmdOrCtrl("k"), a.showStart)
	add(file, "Open Recent…", keys.CmdOrCtrl("r"), a.showStart)
	file.AddSeparator()
	add(file, "Export…", keys.CmdOrCtrl("e"), func() { a.execute("bowshotDesktop.pressTool('Export')") })
	file.AddSeparator()
	add(file, "Close All", keys.CmdOrCtrl("w"), a.closeAll)
	add(file, "Quit", keys.CmdOrCtrl("q"), func() { runtime.Quit(a.window) })

	view := whole.AddSubmenu("View")
	add(view, "Reload", keys.Key("f5"), func() { a.execute("location.reload()") })
	view.AddSeparator()
	for _, theme := range []struct{ label, name string }{
		{"Light", "light"}, {"Dark", "dark"}, {"As the System", "system"},
	} {
		add(view, theme.label, nil, func() { a.execute("bowshotDesktop.useTheme(%s)", theme.name) })
	}
	view.AddSeparator()
	add(view, "Full Screen", keys.Key("f11"), a.toggleFullScreen)
	return whole
}

func (a *app) toggleFullScreen() {
	if runtime.WindowIsFullscreen(a.window) {
		runtime.WindowUnfullscreen(a.window)
	} else {
		runtime.WindowFullscreen(a.window)
	}
}

// readable are the kinds of files that the server reads; a .duckdb file has tables, which a path
// does not name.
const readable = "*.parquet;*.csv;*.tsv;*.tab;*.ndjson;*.jsonl;*.arrow;*.arrows;*.feather;*.ipc;" +
	"*.csv.gz;*.tsv.gz;*.tab.gz;*.ndjson.gz;*.jsonl.gz;" +
	"*.csv.zst;*.tsv.zst;*.tab.zst;*.ndjson.zst;*.jsonl.zst"

func (a *app) askForFiles() {
	paths, err := runtime.OpenMultipleFilesDialog(a.window, runtime.OpenDialogOptions{
		Title: "Open files", DefaultDirectory: a.settings.lastFolder(),
		Filters: []runtime.FileFilter{
			{DisplayName: "Columnar files, CSV", Pattern: readable}, {DisplayName: "All files", Pattern: "*"},
		},
	})
	a.tell(err)
	a.openPaths(paths)
}

func (a *app) askForFolder() {
	path, err := runtime.OpenDirectoryDialog(a.window, runtime.OpenDialogOptions{
		Title: "Open a folder as one dataset", DefaultDirectory: a.settings.lastFolder(),
	})
	a.tell(err)
	if path != "" {
		a.openPaths([]string{path})
	}
}
