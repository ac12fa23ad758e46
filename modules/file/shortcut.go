package file

import (
	"context"

	"pinch/internal/py"
	"pinch/modules"
)

type shortcutArgs struct {
	Name         string   `arg:"name,required" doc:"Path of the shortcut."`
	Target       string   `arg:"target,required" doc:"What it points to."`
	Arguments    py.Value `arg:"arguments" doc:"Arguments of the target."`
	WorkingDir   py.Value `arg:"working_dir" doc:"Working directory of the target."`
	Description  py.Value `arg:"description" doc:"Description."`
	IconLocation py.Value `arg:"icon_location" doc:"Icon."`
	Force        py.Value `arg:"force" default:"False" doc:"Replace what is there."`
	Backupname   py.Value `arg:"backupname" doc:"Name under which an existing file is kept."`
	Makedirs     py.Value `arg:"makedirs" default:"False" doc:"Make missing parent directories."`
	User         py.Value `arg:"user" doc:"Owner."`
	Kwargs       *py.Dict `arg:"**"`
}

const shortcutDoc = "Makes a Windows shortcut. It fails on every host that pinch manages.\n" +
	"```yaml\nC:/Users/me/Desktop/app.lnk:\n  file.shortcut:\n    - target: C:/app/app.exe\n```"

func shortcut() *modules.Func {
	return modules.State[shortcutArgs]{Name: "file.shortcut", Doc: shortcutDoc, Access: modules.ReadOnly,
		Check: func(_ context.Context, c *modules.Call, a *shortcutArgs) (modules.Plan, error) {
			r := newRet(expandUser(c, a.Name)).fail("Shortcuts are only supported on Windows")
			return modules.Plan{Would: r.done()}, nil
		}}.Func()
}
