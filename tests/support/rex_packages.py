"""Packages whose commands make use of all there is, by the paths of their files."""

from __future__ import annotations

WORLD = {
    "app/2.1.0/package.py": """
        name = 'app'
        version = '2.1.0'
        requires = ['lib-1+', 'plain', '~extra']
        variants = [['lang-2'], ['lang-3']]
        hashed_variants = True
        own = {'k': 'v'}
        @late()
        def later():
            return [in_context(), 'lib' in request, building, 'feature' in ephemerals]
        @include('shared', 'gone')
        def pre_commands():
            # a comment before
            env.ORDER.append("pre {this.name}")
            env.SHARED = shared.count() + (gone is None)
        def commands():
            env.PATH.prepend("{root}/bin")
            env.APP_ROOT = root

            if "lib" in resolve and intersects(resolve.lib, "1"):
                env.APP_LIB = "{resolve.lib.root}:{resolve.lib.version.major}"
            env.ORDER.append("app")
            env.LATER = this.later
            alias("app", "{root}/bin/app")
            text = '''one

              two'''
            env.TEXT = text
            for name in ("a", "b"):
                env.NAMES.append("{name}")
            info("app in {env.PATH}")
        @include('shared')
        def post_commands():
            env.ORDER.append("post app")
            env.SHARED_POST = shared.count()
            env.LEFT = "text" in globals()
        """,
    "app/2.1.0/.rez/include/shared.py": "n = [0]\ndef count():\n    n[0] += 1\n    return n[0]\n",
    "app/2.1.0/.rez/include/shared.sha1": "0123abc",
    "lib/1.5/package.py": """
        name = 'lib'
        version = '1.5'
        requires = ['.feature-1']
        commands = '''
        env.ORDER.append("lib")
        env.LIB = "{this.version.minor} {version} {base}"
        env.EPH = ephemerals.get("feature", "none"), ephemerals.get_range("feature") is None
        '''
        def post_commands():
            env.ORDER.append("post lib"); env.LIB_ORDER = "$ORDER"
        """,
    "lang/2.7/package.yaml": """
        name: lang
        version: '2.7'
        commands: |
          env.LANG_YAML = '{root}'
          alias('lang', 'lang2')
        """,
    "lang/3.01.0rc1/package.py": """
        name = 'lang'
        version = '3.01.0rc1'
        def commands():
            env.LANG_PY = '{version.minor} {version.patch}'
        """,
    "plain/package.py": """
        name = 'plain'
        def commands():
            env.PLAIN = '{version}|{version.major}|{this.version}'
            source('{root}/x.sh')
        """,
    "two.words/1/package.py": """
        name = 'two.words'
        version = '1'
        variants = [['lang-2'], ['lang-3']]
        def commands():
            env.W = this.index, this.root, base
        """,
    "one.py": """
        name = 'one'
        versions = ['1.0', '2.0']
        def commands():
            env.ONE = '{root} {base} {version}'
        """,
    "stops/1/package.py": """
        name = 'stops'
        version = '1'
        def commands():
            stop('not on %s', system.platform)
        """,
    "fails/1/package.py": """name = 'fails'
version = '1'
def commands():
    env.A = 1
    env.B = (
        this.nothing)
""",
}

LOCAL = {
    "plain/package.py": "name = 'plain'\ndef commands():\n    env.LOCAL = '{root}'\n",
    "mine/0.1/package.py": """
        name = 'mine'
        version = '0.1'
        def pre_commands():
            env.MINE = request.get('mine'), implicits.get('platform'), 'mine' in request
        """,
}
