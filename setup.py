"""What pyproject.toml cannot say: a wheel is the command `runs`, without the local runtime and under one name."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HOME = "fargate_runs_command"
#: What `runs` imports. The local runtime needs the template, the functions' sources and the SAM CLI: a checkout.
SHIPPED = (HOME, "cli", "fargate_runs")


class BuildCommand(build_py):
    """Puts the packages of a wheel into `fargate_runs_command`; an editable install finds them where they are."""

    def run(self) -> None:
        """Build what is shipped."""
        if not self.editable_mode:
            self.packages = [name for name in self.packages if name.partition(".")[0] in SHIPPED]
        super().run()

    def get_module_outfile(self, build_dir: str, package: list[str], module: str) -> str:
        """The place of a module in the wheel."""
        inside = self.editable_mode or package[0] == HOME
        return super().get_module_outfile(build_dir if inside else str(Path(build_dir) / HOME), package, module)


setup(cmdclass={"build_py": BuildCommand})
